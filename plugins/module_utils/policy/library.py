"""The policies of a directory, fitted to an environment: enforcement, exceptions, parameters. Pure but for reading."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils import documents

Object = dict[str, Any]

ACTIONS = ("deny", "warn", "dryrun")
WAVE = "platform.gantry.dev/wave"
EXCEPTIONS = "platform.gantry.dev/exceptions"
LOOKS_UP = "metadata.gatekeeper.sh/requires-sync-data"


class PolicyError(Exception):
    """The policies or what the inventory says of them are wrong; the message names every mistake."""


@dataclass(frozen=True)
class Exempt:
    """Objects (globs of namespace/name) that some policies leave alone until a day, and why."""

    policies: tuple[str, ...]
    objects: tuple[str, ...]
    reason: str
    until: datetime.date

    def __str__(self) -> str:
        return f"{', '.join(self.objects)} until {self.until}: {self.reason}"


@dataclass(frozen=True)
class Library:
    """What a directory holds. `constraints` by the policy's name, which is that of its folder."""

    templates: tuple[Object, ...]
    constraints: Mapping[str, Object]
    shared: tuple[Object, ...]


@dataclass(frozen=True)
class Wishes:
    """What an environment asks of the policies.

    `namespaces`: where they hold; none means everywhere. `unserved`: API groups that the cluster does not serve.
    """

    enforcement: str = "deny"
    overrides: Mapping[str, str] = field(default_factory=dict)
    exceptions: tuple[Exempt, ...] = ()
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    unserved: tuple[str, ...] = ()


def read(directory: Path) -> Library:
    """The policies of a directory: a folder each with template.yaml and constraint.yaml, beside them what all share.

    :raises PolicyError: A file is missing or is not YAML, or there is no policy at all.
    """
    folders = sorted(path.parent for path in directory.glob("*/template.yaml"))
    if not folders:
        raise PolicyError(f"{directory} holds no policy: expected folders with template.yaml and constraint.yaml")
    templates = tuple(_one(folder / "template.yaml") for folder in folders)
    constraints = {folder.name: _one(folder / "constraint.yaml") for folder in folders}
    shared = tuple(item for path in sorted(directory.glob("*.yaml")) for item in documents.read(path, PolicyError))
    return Library(templates, constraints, shared)


def exceptions(declared: Sequence[Any], known: Iterable[str], today: datetime.date) -> tuple[Exempt, ...]:
    """Typed exceptions of the inventory. A policy `*` means all. Raises PolicyError with all mistakes at once."""
    names, mistakes, found = sorted(known), [], []
    for number, item in enumerate(declared):
        place = f"exceptions[{number}]"
        problems = list(_problems(item, names, today))
        mistakes += [f"{place}: {problem}" for problem in problems]
        if not problems:
            policies = names if item["policies"] == ["*"] else item["policies"]
            found.append(Exempt(tuple(policies), tuple(item["objects"]), item["reason"].strip(), _day(item["until"])))
    if mistakes:
        raise PolicyError("\n".join(mistakes))
    return tuple(found)


def fit(library: Library, wishes: Wishes) -> list[Object]:
    """The objects to apply: templates and what they share, and a wave later constraints, whose kinds templates make.

    :raises PolicyError: An unknown policy, enforcement or parameter is named.
    """
    mistakes = [*_unknown("overrides", wishes.overrides, library), *_unknown("parameters", wishes.parameters, library)]
    wanted = {
        "enforcement": wishes.enforcement,
        **{f"overrides.{name}": action for name, action in wishes.overrides.items()},
    }
    mistakes += [
        f"{name} is {action!r}: use one of {', '.join(ACTIONS)}"
        for name, action in wanted.items()
        if action not in ACTIONS
    ]
    for name, values in wishes.parameters.items():
        known = library.constraints.get(name, {}).get("spec", {}).get("parameters", values)
        mistakes += [f"parameters.{name}.{key}: {_nearest(key, known)}" for key in values if key not in known]
    if mistakes:
        raise PolicyError("\n".join(mistakes))
    referential = {
        _kind(template) for template in library.templates if LOOKS_UP in template["metadata"].get("annotations", {})
    }
    constraints = [
        _fitted(name, item, wishes, item["kind"] in referential) for name, item in library.constraints.items()
    ]
    shared = [served for item in library.shared if (served := _served(item, wishes.unserved))]
    return [*library.templates, *shared, *constraints]


def judged_kinds(library: Library, unserved: Iterable[str] = ()) -> list[dict[str, list[str]]]:
    """API groups and kinds that any policy looks at, and workloads whose pods are expanded: what a webhook must see.

    Groups that are `unserved` are left out.
    """
    groups: dict[str, set[str]] = {}
    for constraint in library.constraints.values():
        for kinds in constraint["spec"]["match"]["kinds"]:
            for group in kinds["apiGroups"]:
                groups.setdefault(group, set()).update(kinds["kinds"])
    for item in library.shared:
        for applied in item["spec"].get("applyTo", []):
            for group in applied["groups"]:
                groups.setdefault(group, set()).update(applied["kinds"])
    left_out = set(unserved)
    return [
        {"apiGroups": [group], "kinds": sorted(kinds)}
        for group, kinds in sorted(groups.items())
        if group not in left_out
    ]


def pinned(images: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """`repository@digest` of the bundle's images (reference with tag → digest)."""
    return tuple(sorted({f"{ref.rpartition(':')[0]}@{image['digest']}" for ref, image in images.items()}))


def _fitted(name: str, constraint: Object, wishes: Wishes, referential: bool) -> Object:
    """One constraint with the environment's wishes."""
    exempt = [one for one in wishes.exceptions if name in one.policies]
    spec, metadata = constraint["spec"], constraint["metadata"]
    annotations = {**metadata.get("annotations", {}), WAVE: "1"}
    if exempt:
        annotations[EXCEPTIONS] = "\n".join(str(one) for one in exempt)
    match = {**spec["match"], **({"namespaces": list(wishes.namespaces)} if wishes.namespaces else {})}
    if referential:
        # What it looks up may be applied a moment later; a pod is tried again by its controller, a workload is not.
        match["source"] = "Original"
    parameters = {**spec["parameters"], **wishes.parameters.get(name, {})}
    parameters["exceptions"] = sorted({pattern for one in exempt for pattern in one.objects})
    if "images" in parameters and wishes.images:
        parameters["images"] = list(wishes.images)
    action = wishes.overrides.get(name, wishes.enforcement)
    fitted = {**spec, "enforcementAction": action, "match": match, "parameters": parameters}
    return {**constraint, "metadata": {**metadata, "annotations": annotations}, "spec": fitted}


def _served(item: Object, unserved: Sequence[str]) -> Object | None:
    """A shared object without kinds that policies cannot look up; a sync of nothing else is none."""
    if item["kind"] != "SyncSet":
        return item
    known = [kind for kind in item["spec"]["gvks"] if kind["group"] not in unserved]
    return {**item, "spec": {**item["spec"], "gvks": known}} if known else None


def _problems(item: Any, names: Sequence[str], today: datetime.date) -> Iterator[str]:
    """What is wrong with one declared exception."""
    keys = ("policies", "objects", "reason", "until")
    if not isinstance(item, dict):
        yield f"is {item!r}: give a mapping with {', '.join(keys)}"
        return
    yield from (f"{key} is missing" for key in keys if not item.get(key))
    yield from (f"{key}: {_nearest(key, keys)}" for key in item if key not in keys)
    for name in item.get("policies") or []:
        if name not in names and item["policies"] != ["*"]:
            yield f"policies: {name}: {_nearest(name, names)}"
    for pattern in item.get("objects") or []:
        if str(pattern).count("/") != 1:
            yield f"objects: {pattern!r} is not namespace/name (globs are allowed in both)"
    if item.get("until"):
        day = _day(item["until"])
        if day is None:
            yield f"until: {item['until']!r} is not a day as 2027-12-31"
        elif day < today:
            yield f"ended on {day} ({', '.join(map(str, item.get('objects') or []))}): remove it, or give it a new date"


def _day(value: Any) -> Any:
    """A day of ISO 8601, or None."""
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None


def _unknown(what: str, named: Iterable[str], library: Library) -> Iterator[str]:
    return (
        f"{what}: {name}: {_nearest(name, library.constraints)}" for name in named if name not in library.constraints
    )


def _nearest(name: str, known: Iterable[str]) -> str:
    """`unknown; did you mean probes?`, or all known names."""
    names = sorted(known)
    near = get_close_matches(str(name), names, 1, 0.6)
    return f"unknown; did you mean {near[0]}?" if near else f"unknown; known are {', '.join(names)}"


def _kind(template: Object) -> str:
    return str(template["spec"]["crd"]["spec"]["names"]["kind"])


def _one(path: Path) -> Object:
    found = documents.read(path, PolicyError)
    if len(found) != 1:
        raise PolicyError(f"{path} holds {len(found)} documents, expected one")
    return found[0]
