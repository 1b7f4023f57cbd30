"""Phases of one run of traffic (before, a fault, its recovery): what customers saw in each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Phase:
    """From one time to another, in seconds since the epoch."""

    name: str
    began: float
    ended: float


@dataclass(frozen=True)
class Seen:
    """What customers saw in a phase: requests, how many of them failed, p50 and p99 in milliseconds."""

    phase: Phase
    requests: int
    errors: int
    p50: int
    p99: int

    @property
    def error_rate(self) -> float:
        """Share of requests that failed."""
        return self.errors / self.requests if self.requests else 0.0


def quantile(buckets: Mapping[int, int], share: float) -> int:
    """The smallest duration that at least this share of the requests did not exceed; 0 without requests."""
    wanted, counted = share * sum(buckets.values()), 0
    for milliseconds in sorted(buckets):
        counted += buckets[milliseconds]
        if counted >= wanted:
            return milliseconds
    return 0


def seen(phase: Phase, report: Mapping[str, Any]) -> Seen:
    """A phase by a report of traffic (``by_second``); a request counts when it ends."""
    buckets: Counter[int] = Counter()
    requests = errors = 0
    for second in report["by_second"]:
        if int(phase.began) <= second["at"] < int(phase.ended):
            requests += second["requests"]
            errors += second["errors"]
            buckets.update({int(ms): count for ms, count in second["milliseconds"].items()})
    return Seen(phase, requests, errors, quantile(buckets, 0.5), quantile(buckets, 0.99))


def table(phases: Sequence[Phase], report: Mapping[str, Any]) -> str:
    """For people, a line a phase."""
    lines = [f"{'phase':34}{'seconds':>9}{'requests':>10}{'req/s':>8}{'p50 ms':>8}{'p99 ms':>8}{'errors':>9}"]
    for one in (seen(phase, report) for phase in phases):
        seconds = one.phase.ended - one.phase.began
        rate = one.requests / seconds if seconds else 0.0
        lines.append(
            f"{one.phase.name:34}{seconds:>9.0f}{one.requests:>10}{rate:>8.1f}{one.p50:>8}{one.p99:>8}{one.error_rate:>9.1%}"
        )
    return "\n".join(lines)
