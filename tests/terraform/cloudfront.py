"""CloudFront's behaviours and policies, as terraform/modules/cdn writes them, acted out: what is kept, and how long.

Rules are those of the developer guide: the first behaviour whose pattern matches, else the default; the function at
viewer-request before the lookup; a key of path, query and headers as the cache policy says; the origin's Cache-Control
between the policy's minimum and maximum; errors for at least the distribution's own time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import dukpy

from tests.terraform.configuration import Block, Configuration

UNBOUNDED = None
"""How long CloudFront serves what is old while the origin fails, where the answer does not say: while it has it."""


@dataclass(frozen=True)
class Request:
    """A visitor's request. `identity`: CloudFront's own name for it."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    identity: str = "one"


@dataclass(frozen=True)
class Kept:
    """Seconds: fresh, then stale while it is renewed, and spare (after fresh) while the origin fails."""

    fresh: int
    stale: int
    spare: int | None

    def at(self, seconds: float, failing: bool) -> str:
        """What a visitor gets that long after it was fetched: fresh, stale, asked, or an error."""
        if seconds < self.fresh:
            return "fresh"
        if seconds < self.fresh + self.stale:
            return "stale"
        if not failing:
            return "asked"
        return "stale" if self.spare is UNBOUNDED or seconds < self.fresh + self.spare else "error"


@dataclass(frozen=True)
class Behaviour:
    """A cache behaviour with its policies. `pattern` is `*` for the default one."""

    pattern: str
    origin: str
    methods: frozenset[str]
    cached: frozenset[str]
    cache: Block
    forward: Block | None
    answer: Block | None
    code: str

    def matches(self, path: str) -> bool:
        """Whether a path (without query) is of the pattern."""
        parts = {"*": ".*", "?": "."}
        return bool(re.fullmatch("".join(parts.get(each, re.escape(each)) for each in self.pattern), path))

    def ttl(self, which: str) -> int:
        """Seconds of the cache policy: `min`, `default` or `max`."""
        return int(self.cache.arguments[f"{which}_ttl"])

    def run(self, request: Request) -> dict[str, Any]:
        """The request as the function leaves it: {uri, querystring, headers}."""
        address = urlsplit(request.path)
        query: dict[str, Any] = {}
        for name, value in parse_qsl(address.query, keep_blank_values=True):
            entry = query.setdefault(name, {"value": value, "multiValue": []})
            entry["multiValue"].append({"value": value})
        for entry in query.values():
            if len(entry["multiValue"]) == 1:
                del entry["multiValue"]
        headers = {name.lower(): {"value": value} for name, value in request.headers.items() if name != "Cookie"}
        seen = {"method": request.method, "uri": address.path, "querystring": query, "headers": headers}
        if not self.code:
            return seen
        event = {"context": {"requestId": request.identity}, "request": seen}
        # As text, because an object of JavaScript keeps the order of its names, and that is what this is about.
        found = dukpy.evaljs(
            f"{self.code}\nJSON.stringify(handler(JSON.parse(dukpy['event'])))", event=json.dumps(event)
        )
        return dict(json.loads(found))


@dataclass(frozen=True)
class Distribution:
    """A distribution as data."""

    behaviours: tuple[Behaviour, ...]
    origins: Mapping[str, Block]
    errors: Mapping[int, int]
    """Status → seconds for which an error is kept at least."""
    invalidations: Mapping[str, list[str]]

    @classmethod
    def read(cls, module: Path) -> Distribution:
        """Reads the module's configuration. Raises KeyError where it is not of the shape that this understands."""
        return Reader(Configuration.read(module)).distribution()

    def behaviour(self, path: str) -> Behaviour:
        """The behaviour of a path."""
        bare = urlsplit(path).path
        return next(behaviour for behaviour in self.behaviours if behaviour.matches(bare))

    def key(self, request: Request) -> tuple[str, ...] | None:
        """Under what the answer is kept; None where nothing is ever."""
        behaviour = self.behaviour(request.path)
        if request.method not in behaviour.cached or behaviour.ttl("max") == 0:
            return None
        [parameters] = behaviour.cache.blocks("parameters_in_cache_key_and_forwarded_to_origin")
        seen = behaviour.run(request)
        query = ""
        if _says(parameters, "query_strings_config", "query_string_behavior") == "all":
            query = "&".join(_query(seen["querystring"]))
        wanted = _items(parameters, "headers_config", "headers")
        headers = [f"{name}={seen['headers'].get(name.lower(), {}).get('value', '')}" for name in wanted]
        return behaviour.origin, seen["uri"], query, *headers

    def kept(self, request: Request, status: int, answer: Mapping[str, str]) -> Kept | None:
        """For how long an answer is kept; None where it is not."""
        behaviour = self.behaviour(request.path)
        if self.key(request) is None:
            return None
        said = {name.lower(): value for name, value in answer.items()}.get("cache-control", "")
        directives = dict(_directives(said))
        if {"no-store", "private", "no-cache"} & set(directives):
            fresh = behaviour.ttl("min")
        else:
            asked = directives.get("s-maxage", directives.get("max-age", str(behaviour.ttl("default"))))
            fresh = min(max(int(asked), behaviour.ttl("min")), behaviour.ttl("max"))
        if status >= 400:
            if status not in self.errors:
                raise KeyError(f"nothing is said of errors of status {status}: they would be kept for ten seconds")
            fresh = max(fresh, self.errors[status])
        if fresh <= 0:
            return None
        spare = int(directives["stale-if-error"]) if "stale-if-error" in directives else UNBOUNDED
        return Kept(fresh, int(directives.get("stale-while-revalidate", "0")), spare)

    def cookies(self, request: Request) -> tuple[bool, bool]:
        """Whether the visitor's cookies reach the origin, and the origin's the visitor."""
        behaviour = self.behaviour(request.path)
        [parameters] = behaviour.cache.blocks("parameters_in_cache_key_and_forwarded_to_origin")
        kinds = {_says(parameters, "cookies_config", "cookie_behavior")}
        if behaviour.forward:
            kinds.add(_says(behaviour.forward, "cookies_config", "cookie_behavior"))
        return "all" in kinds, "set-cookie" not in self.removed(request)

    def removed(self, request: Request) -> set[str]:
        """Headers of an answer, in lower case, that do not leave."""
        policy = self.behaviour(request.path).answer
        found = policy.blocks("remove_headers_config") if policy else []
        return {str(item.arguments["header"]).lower() for block in found for item in block.blocks("items")}

    def invalidates(self, surrogate: str, request: Request) -> bool:
        """Whether what is kept for a request goes by an event's surrogate key.

        A path counts as the visitor wrote it and as the function left it, as CloudFront asks to have both named.
        """
        seen = self.behaviour(request.path).run(request)
        query = "&".join(_query(seen["querystring"])) if "?" in request.path else ""
        keyed = self.key(request)
        query = query if keyed and keyed[2] else ""
        addresses = {f"{path}?{query}" if query else path for path in (urlsplit(request.path).path, str(seen["uri"]))}
        return any(_invalid(path, address) for path in self.paths(surrogate) for address in addresses)

    def paths(self, surrogate: str) -> list[str]:
        """The paths that an event of a surrogate key invalidates; none for one that is not told of."""
        for name, paths in self.invalidations.items():
            pattern = re.escape(name).replace(re.escape("{sku}"), "(?P<sku>.+)")
            if found := re.fullmatch(pattern, surrogate):
                return [path.replace("{sku}", found.groupdict().get("sku", "")) for path in paths]
        return []


def _invalid(path: str, address: str) -> bool:
    return address.startswith(path[:-1]) if path.endswith("*") else address == path


def _query(parameters: Mapping[str, Any]) -> Iterator[str]:
    for name, entry in parameters.items():
        for each in entry.get("multiValue", [entry]):
            yield f"{name}={each['value']}"


def _directives(text: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = part.partition("=")
        yield name.lower(), value


def _says(block: Block, config: str, name: str) -> str:
    [inner] = block.blocks(config)
    return str(inner.arguments[name])


def _items(block: Block, config: str, name: str) -> list[str]:
    return [
        str(item) for inner in block.blocks(config) for each in inner.blocks(name) for item in each.arguments["items"]
    ]


@dataclass(frozen=True)
class Reader:
    """Reads the distribution of a module, with the few expressions that it uses."""

    module: Configuration

    def distribution(self) -> Distribution:
        """The only distribution of the module."""
        [block] = [each for each in self.module.blocks("resource") if each.labels[0] == "aws_cloudfront_distribution"]
        listed = [
            self._behaviour(content, value)
            for kind, content, value in self._repeated(block)
            if kind == "ordered_cache_behavior"
        ]
        [default] = block.blocks("default_cache_behavior")
        errors = {
            int(self._value(content.arguments["error_code"], value)): int(content.arguments["error_caching_min_ttl"])
            for kind, content, value in self._repeated(block)
            if kind == "custom_error_response"
        }
        return Distribution(
            behaviours=(*listed, self._behaviour(default, None)),
            origins={self._value(each.arguments["origin_id"]): each for each in block.blocks("origin")},
            errors=errors,
            invalidations=self._value("${local.invalidations}"),
        )

    def _repeated(self, block: Block) -> Iterator[tuple[str, Block, Any]]:
        """The dynamic blocks within: kind, content, and each value that it is made for."""
        for dynamic in block.blocks("dynamic"):
            [content] = dynamic.blocks("content")
            for value in self._value(dynamic.arguments["for_each"]):
                yield dynamic.labels[0], content, value

    def _behaviour(self, block: Block, value: Any) -> Behaviour:
        read = {name: self._value(given, value) for name, given in block.arguments.items()}
        functions = [
            self._value(each.arguments["function_arn"], value) for each in block.blocks("function_association")
        ]
        code = [str(function.arguments["code"]) for function in functions]
        files = [re.findall(r'"\$\{path\.module\}/([\w.]+)"', text)[0] for text in code]
        return Behaviour(
            pattern=read.get("path_pattern", "*"),
            origin=read["target_origin_id"],
            methods=frozenset(read["allowed_methods"]),
            cached=frozenset(read["cached_methods"]),
            cache=read["cache_policy_id"],
            forward=read.get("origin_request_policy_id"),
            answer=read.get("response_headers_policy_id"),
            code="".join((self.module.path / file).read_text() for file in files),
        )

    def _value(self, given: Any, each: Any = None) -> Any:
        """A value: a local's, a field of what a dynamic block is made for, a resource's block, or what stands there."""
        if isinstance(given, list):
            return [self._value(entry, each) for entry in given]
        if isinstance(given, dict):
            return {name: self._value(entry, each) for name, entry in given.items()}
        if not isinstance(given, str) or not (found := re.fullmatch(r"\$\{([\w.]+)\}", given)):
            return given
        head, *rest = found[1].split(".")
        if head == "local":
            return self._value(self.module.locals()[rest[0]], each)
        if rest[:1] == ["value"]:
            return self._value(each[rest[1]] if len(rest) > 1 else each, each)
        blocks = {block.labels: block for block in self.module.blocks("resource")}
        return blocks[head, rest[0]]
