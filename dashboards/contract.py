"""Ask a live Prometheus every query of every dashboard: ``python -m dashboards.contract URL [--ca FILE]``.

A query that is refused, or answered without one number, breaks the contract between what the platform measures and what
its dashboards show. Variables are filled as the page fills them: with their first value, or with all values.
"""

from __future__ import annotations

import argparse
import json
import re
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

JSON = Path(__file__).resolve().parent / "json"

#: Grafana's own variables; a rate over four scrapes, as the page asks for at an hour's range.
INTERVALS = {"__rate_interval": "1m", "__interval": "15s", "__range": "1h"}
RANGE_SECONDS = 900
STEP_SECONDS = 15

_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::\w+)?\}")
_LABEL_VALUES = re.compile(r"label_values\((?:(?P<match>.*), *)?(?P<label>\w+)\)", re.DOTALL)


@dataclass(frozen=True)
class Target:
    """One query of a panel."""

    dashboard: str
    panel: str
    ref: str
    expr: str
    instant: bool

    def __str__(self) -> str:
        return f"{self.dashboard} / {self.panel} / {self.ref}"


@dataclass(frozen=True)
class Failure:
    """A query that showed nothing, as it was asked, and why."""

    target: Target
    expr: str
    reason: str

    def __str__(self) -> str:
        return f"{self.target}: {self.reason}\n    {self.expr}"


class Client(Protocol):
    """What is asked: an endpoint of Prometheus' API below ``/api/v1`` with its parameters, answered with ``data``."""

    def get(self, path: str, **parameters: str) -> Any:
        """Return ``data``; raise :class:`PrometheusError` if Prometheus refuses or does not answer."""


class PrometheusError(Exception):
    """Prometheus refused a request, or did not answer."""


@dataclass(frozen=True)
class Prometheus:
    """Prometheus' HTTP API at ``url``; ``ca`` is the file of the authority that signed its certificate."""

    url: str
    ca: str | None = None
    timeout: float = 15.0

    def get(self, path: str, **parameters: str) -> Any:
        """See :class:`Client`. ``match`` is sent as ``match[]``."""
        fields = {"match[]" if name == "match" else name: value for name, value in parameters.items()}
        address = f"{self.url.rstrip('/')}/api/v1/{path}?{urllib.parse.urlencode(fields)}"
        if not address.startswith(("http://", "https://")):
            raise PrometheusError(f"{self.url} is no HTTP address")
        context = ssl.create_default_context(cafile=self.ca) if address.startswith("https:") else None
        try:
            with urllib.request.urlopen(address, timeout=self.timeout, context=context) as response:  # noqa: S310 - checked above
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise PrometheusError(f"HTTP {error.code}: {error.read(500).decode(errors='replace')}") from error
        except (OSError, ValueError) as error:
            raise PrometheusError(f"{self.url} did not answer: {error}") from error


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace ``$name`` and ``${name}``; a name without a value stays as it is."""

    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[2], match[0])

    return _VARIABLE.sub(value, text)


def targets(dashboard: Mapping[str, Any]) -> Iterator[Target]:
    """Every query of a dashboard, also those in collapsed rows."""
    panels = dashboard.get("panels", [])
    for panel in [*panels, *(inner for row in panels for inner in row.get("panels", []))]:
        for target in panel.get("targets", []):
            yield Target(
                dashboard=dashboard["uid"],
                panel=panel["title"],
                ref=target.get("refId") or "A",
                expr=target["expr"],
                instant=bool(target.get("instant")),
            )


def variables(dashboard: Mapping[str, Any], client: Client) -> dict[str, str]:
    """A value for each of the dashboard's variables; later ones may depend on earlier ones."""
    values = dict(INTERVALS)
    for variable in dashboard.get("templating", {}).get("list", []):
        name, query = variable["name"], variable["query"]["query"]
        found = _LABEL_VALUES.fullmatch(query)
        if not found:
            raise ValueError(f"variable {name} of {dashboard['uid']}: {query} is not label_values(metric, label)")
        if variable.get("includeAll"):
            values[name] = variable.get("allValue") or ".+"
            continue
        match = {"match": fill(found["match"], values)} if found["match"] else {}
        known = client.get(f"label/{found['label']}/values", **match)
        if not known:
            raise PrometheusError(f"variable {name}: {fill(query, values)} has no values")
        values[name] = known[0]
    return values


def _has_number(data: Mapping[str, Any]) -> bool:
    samples = [sample for series in data["result"] for sample in series.get("values", [series.get("value")])]
    return any(sample and sample[1] != "NaN" for sample in samples)


def check(dashboard: Mapping[str, Any], client: Client, now: float) -> Iterator[Failure]:
    """Yield the queries that show nothing at ``now`` (Unix seconds)."""
    try:
        values = variables(dashboard, client)
    except PrometheusError as error:
        yield from (Failure(target, target.expr, str(error)) for target in targets(dashboard))
        return
    for target in targets(dashboard):
        expr = fill(target.expr, values)
        try:
            if target.instant:
                data = client.get("query", query=expr, time=str(now))
            else:
                span = {"start": str(now - RANGE_SECONDS), "end": str(now), "step": str(STEP_SECONDS)}
                data = client.get("query_range", query=expr, **span)
        except PrometheusError as error:
            yield Failure(target, expr, str(error))
            continue
        if not _has_number(data):
            yield Failure(target, expr, "no data")


def load(directory: Path = JSON) -> list[dict[str, Any]]:
    """The rendered dashboards."""
    files = sorted(path for path in directory.glob("*.json") if path.name != "index.json")
    return [json.loads(path.read_text(encoding="utf-8")) for path in files]


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url", help="where Prometheus answers, such as https://10.90.0.11:30443/prometheus")
    parser.add_argument("--ca", help="file of the certificate authority")
    arguments = parser.parse_args()
    client = Prometheus(arguments.url, arguments.ca)
    dashboards = load()
    failures = [failure for dashboard in dashboards for failure in check(dashboard, client, time.time())]
    for failure in failures:
        print(failure, file=sys.stderr)
    asked = sum(1 for dashboard in dashboards for _ in targets(dashboard))
    print(f"{asked - len(failures)} of {asked} queries of {len(dashboards)} dashboards have data")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
