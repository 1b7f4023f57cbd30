"""Counts, quantiles and what the report tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from traffic.report import Count, Report, quantile, rounded, table, write


@pytest.mark.parametrize(
    ("given", "kept"), [(0, 1), (0.4, 1), (7.2, 7), (99.4, 99), (123, 120), (1261, 1300), (15_400, 15_000)]
)
def test_durations_keep_two_digits(given: float, kept: int) -> None:
    assert rounded(given) == kept


def test_quantiles() -> None:
    assert quantile({}, 0.99) == 0
    assert quantile({10: 98, 500: 1, 900: 1}, 0.5) == 10
    assert quantile({10: 98, 500: 1, 900: 1}, 0.99) == 500


def test_counts_add_up() -> None:
    one, other = Count(), Count()
    one.add(10, failed=False)
    other.add(10, failed=True)
    other.add(30, failed=False)
    one.merge(other)
    assert (one.requests, one.errors, dict(one.milliseconds)) == (3, 1, {10: 2, 30: 1})


def test_a_report_tells_names_seconds_failures_and_orders(tmp_path: Path) -> None:
    report = Report()
    report.add(100.2, "page", 10)
    report.add(100.9, "order", 250, "status 503")
    report.add(101.0, "order", 90)
    report.ordered("k", "a")
    report.ordered("k", "a")
    report.ordered("k", "b")
    told = report.told({"scenario": "buy"}, seconds=2)
    assert (told["scenario"], told["requests"], told["errors"], told["requests_per_second"]) == ("buy", 3, 1, 1.5)
    assert told["names"]["order"]["errors"] == 1
    assert told["failures"] == [{"name": "order", "error": "status 503", "count": 1}]
    assert told["orders"] == {"k": ["a", "b"]}
    assert [(one["at"], one["requests"], one["errors"]) for one in told["by_second"]] == [(100, 2, 1), (101, 1, 0)]
    write(tmp_path / "reports/traffic.json", told)
    assert json.loads((tmp_path / "reports/traffic.json").read_text()) == told
    assert "1 x order: status 503" in table(told)
