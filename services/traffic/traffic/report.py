"""What happened, counted by second: requests, errors, and how long they took in buckets.

Kept by second so that phases of one run (a fault, its recovery) can be told apart afterwards. Durations are rounded to
two significant digits, as in Locust's own statistics: a quantile is exact to 5 %.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def rounded(milliseconds: float) -> int:
    """Two significant digits, at least one millisecond."""
    value = max(1, round(milliseconds))
    step = int(10 ** max(0, math.floor(math.log10(value)) - 1))
    return round(value / step) * step


def quantile(buckets: Mapping[int, int], share: float) -> int:
    """The smallest duration (ms) that at least this share of the requests did not exceed; 0 without requests."""
    wanted, seen = share * sum(buckets.values()), 0
    for milliseconds in sorted(buckets):
        seen += buckets[milliseconds]
        if seen >= wanted:
            return milliseconds
    return 0


@dataclass
class Count:
    """Requests of one kind: how many failed, and how long all took (milliseconds to how many)."""

    requests: int = 0
    errors: int = 0
    milliseconds: Counter[int] = field(default_factory=Counter)

    def add(self, milliseconds: float, failed: bool) -> None:
        """One more request."""
        self.requests += 1
        self.errors += failed
        self.milliseconds[rounded(milliseconds)] += 1

    def merge(self, other: Count) -> None:
        """All of the other's requests too."""
        self.requests += other.requests
        self.errors += other.errors
        self.milliseconds.update(other.milliseconds)

    def told(self, seconds: float) -> dict[str, Any]:
        """For the report."""
        return {
            "requests": self.requests,
            "errors": self.errors,
            "requests_per_second": round(self.requests / seconds, 2) if seconds else 0.0,
            "p50_ms": quantile(self.milliseconds, 0.5),
            "p99_ms": quantile(self.milliseconds, 0.99),
        }


@dataclass
class Report:
    """One run's counts by name and by second, its failures by cause, and the orders that the shop took on.

    `orders`: Idempotency-Key to the ids of the orders that the shop answered with; more than one is a doubled order.
    `degraded`: answers that said something is missing or old.
    """

    names: dict[str, Count] = field(default_factory=dict)
    by_second: dict[int, Count] = field(default_factory=dict)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    orders: dict[str, list[str]] = field(default_factory=dict)
    degraded: int = 0

    def add(self, at: float, name: str, milliseconds: float, error: str = "") -> None:
        """One request that ended at a time (seconds since the epoch)."""
        for count in (self.names.setdefault(name, Count()), self.by_second.setdefault(int(at), Count())):
            count.add(milliseconds, bool(error))
        if error:
            self.failures[name, error] += 1

    def ordered(self, key: str, order_id: str) -> None:
        """The shop took on an order."""
        known = self.orders.setdefault(key, [])
        if order_id not in known:
            known.append(order_id)

    def told(self, about: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """All as plain data; `about` (scenario, users, …) comes first."""
        everything = Count()
        for count in self.names.values():
            everything.merge(count)
        return {
            **about,
            "ran_seconds": round(seconds, 1),
            **everything.told(seconds),
            "degraded": self.degraded,
            "names": {name: count.told(seconds) for name, count in sorted(self.names.items())},
            "failures": [
                {"name": name, "error": error, "count": count} for (name, error), count in self.failures.most_common(50)
            ],
            "orders": self.orders,
            "by_second": [
                {
                    "at": at,
                    "requests": count.requests,
                    "errors": count.errors,
                    "milliseconds": {str(key): value for key, value in sorted(count.milliseconds.items())},
                }
                for at, count in sorted(self.by_second.items())
            ],
        }


def write(path: Path, told: Mapping[str, Any]) -> None:
    """Write a report; whoever reads it meanwhile sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    new.replace(path)


def table(told: Mapping[str, Any]) -> str:
    """The report for people."""
    rows: Iterable[tuple[str, Mapping[str, Any]]] = [*told["names"].items(), ("all", told)]
    lines = [f"{'':28}{'requests':>10}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'errors':>9}"]
    for name, row in rows:
        lines.append(
            f"{name:28}{row['requests']:>10}{row['requests_per_second']:>9.1f}"
            f"{row['p50_ms']:>9}{row['p99_ms']:>9}{row['errors']:>9}"
        )
    lines.append(f"orders taken on: {len(told['orders'])}; degraded answers: {told['degraded']}")
    lines += [f"{one['count']:>6} x {one['name']}: {one['error']}" for one in told["failures"][:10]]
    return "\n".join(lines)
