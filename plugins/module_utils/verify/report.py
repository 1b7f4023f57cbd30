"""What was measured, for machines (verify.json) and people (verify.html). Results of other plays are kept, by id."""

from __future__ import annotations

import fcntl
import html
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.verify.model import Result

AREAS = {
    "K": "Kubernetes: container orchestration",
    "I": "Istio: service mesh for traffic management",
    "J": "Jaeger: distributed tracing",
    "P": "Prometheus and Grafana: monitoring and visualisation",
    "O": "OPA: policy as code",
    "T": "Terraform: infrastructure as code",
    "A": "Argo CD: GitOps deployment",
    "1": "Microservices by domain-driven decomposition",
    "2": "Service mesh for communication management",
    "3": "Event-driven, asynchronous communication",
    "4": "CQRS",
    "5": "Circuit breaker, fault tolerance",
    "6": "Zero trust: continuous verification",
    "7": "Defence in depth",
    "8": "Policy enforcement by OPA for compliance",
    "9": "Pod-to-pod network policies",
    "10": "Secret management with Kubernetes secrets",
    "11": "Horizontal and vertical autoscaling",
    "12": "Intelligent load balancing",
    "13": "Multi-level caching",
    "14": "CDN",
    "15": "Cost-effective resource allocation",
    "16": "Prometheus metrics",
    "17": "Structured logging",
    "18": "Traces across services",
    "19": "Custom Grafana dashboards",
    "20": "Proactive alerting",
    "21": "GitOps",
    "22": "Multi-stage delivery: build, test, security, deploy",
    "23": "Automated quality gates",
    "24": "Automated rollback",
    "25": "Promotion from dev over staging to prod",
    "26": "Utilisation analysis",
    "27": "Right-sizing",
    "28": "Spot instances",
    "29": "Autoscaling as dynamic resource management",
    "30": "Cost tracking and alerts",
}
"""What each row of a report shows."""


def merge(known: Iterable[Result], new: Iterable[Result]) -> list[Result]:
    """By id, the new ones win; in the order of the rows, then of the ids."""
    rows = list(AREAS)
    merged = {result.id: result for result in [*known, *new]}
    return sorted(merged.values(), key=lambda result: (rows.index(result.row), result.id))


def read(path: Path, environment: str) -> list[Result]:
    """The results that stand in a verify.json of this environment; none where there is no such file or it is broken."""
    try:
        body = json.loads(path.read_text())
        names = {field.name for field in fields(Result)}
        if body["environment"] != environment:
            return []
        return [Result(**check) for check in body["checks"] if set(check) == names and check["row"] in AREAS]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def write(directory: Path, environment: str, new: Sequence[Result]) -> list[Result]:
    """Merges results into `directory`/verify.{json,html}, each replaced as a whole; returns all that stand there."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".verify.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        results = merge(read(directory / "verify.json", environment), new)
        body = {"environment": environment, "checks": [asdict(result) for result in results]}
        _replace(directory / "verify.json", json.dumps(body, indent=2, ensure_ascii=False) + "\n")
        _replace(directory / "verify.html", page(environment, results))
    return results


def page(environment: str, results: Sequence[Result]) -> str:
    """A page that needs nothing but itself."""
    bad = [result for result in results if not result.ok]
    headline = f"{len(bad)} of {len(results)} checks fail" if bad else f"All {len(results)} checks hold"
    sections = [_section("What fails", bad)] if bad else []
    for row, area in AREAS.items():
        mine = [result for result in results if result.row == row and result.ok]
        if mine:
            sections.append(_section(f'<span class="row">{row}</span> {html.escape(area)}', mine))
    last = max((result.at for result in results), default="")
    return PAGE.format(
        environment=html.escape(environment),
        state="bad" if bad else "good",
        headline=headline,
        last=_moment(last),
        sections="\n".join(sections),
    )


def _section(title: str, results: Sequence[Result]) -> str:
    body = "\n".join(_line(result) for result in results)
    return f"<section>\n<h2>{title}</h2>\n<table>\n{body}\n</table>\n</section>"


def _moment(at: str) -> str:
    """`2026-01-31 12:00:00 UTC` of a time in ISO 8601."""
    return html.escape(f"{at[:19].replace('T', ' ')} UTC")


def _line(result: Result) -> str:
    cells: dict[str, Any] = {key: html.escape(str(value)) for key, value in asdict(result).items()}
    state, word = ("good", "holds") if result.ok else ("bad", "fails")
    return (
        f'<tr class="{state}"><td class="state">{word}</td>'
        f"<td><strong>{cells['title']}</strong><br><code>{cells['id']}</code></td>"
        f"<td>{cells['evidence']}</td>"
        f'<td class="time"><time datetime="{cells["at"]}">{_moment(result.at)}</time>'
        f"<br>{result.seconds:.2f} s</td></tr>"
    )


def _replace(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text)
    scratch.replace(path)


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{environment}: {headline}</title>
<style>
:root {{ color-scheme: light dark; --line: light-dark(#d8dde3, #333a42); --soft: light-dark(#5b6570, #9aa5b1);
  --good: light-dark(#14713d, #5fd38d); --bad: light-dark(#b3261e, #ff8a80); }}
body {{ font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ margin-bottom: 0; }} h1.good {{ color: var(--good); }} h1.bad {{ color: var(--bad); }}
h2 {{ font-size: 1rem; margin: 2rem 0 .4rem; }}
p, code, .time {{ color: var(--soft); }}
.row {{ display: inline-block; min-width: 1.6em; text-align: center;
  border: 1px solid var(--line); border-radius: .3em; }}
table {{ width: 100%; border-collapse: collapse; }}
td {{ border-top: 1px solid var(--line); padding: .45rem .6rem .45rem 0;
  vertical-align: top; overflow-wrap: anywhere; }}
td:nth-child(2) {{ width: 34%; }} .state {{ width: 4em; font-weight: 600; }}
.time {{ width: 13em; font-size: .85em; white-space: nowrap; }}
.good .state {{ color: var(--good); }} .bad .state {{ color: var(--bad); }}
</style>
<h1 class="{state}">{headline}</h1>
<p>Environment <strong>{environment}</strong>, last asked {last}</p>
{sections}
</html>
"""
