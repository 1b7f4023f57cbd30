"""Phases of one run are told apart by the seconds in which requests ended."""

from __future__ import annotations

from tests.shop.phases import Phase, quantile, seen, table

REPORT = {
    "by_second": [
        {"at": 100, "requests": 10, "errors": 0, "milliseconds": {"10": 10}},
        {"at": 101, "requests": 10, "errors": 5, "milliseconds": {"10": 5, "900": 5}},
        {"at": 102, "requests": 4, "errors": 0, "milliseconds": {"20": 4}},
    ]
}


def test_a_phase_has_its_own_seconds_alone() -> None:
    before, fault = seen(Phase("before", 100.2, 101.3), REPORT), seen(Phase("fault", 101.3, 102.9), REPORT)
    assert (before.requests, before.errors, before.p50, before.p99) == (10, 0, 10, 10)
    assert (fault.requests, fault.errors, fault.p50, fault.p99) == (10, 5, 10, 900)
    assert fault.error_rate == 0.5


def test_a_phase_without_requests() -> None:
    assert seen(Phase("none", 200, 201), REPORT).error_rate == 0.0
    assert quantile({}, 0.99) == 0


def test_the_table_has_a_line_a_phase() -> None:
    [head, before, fault] = table([Phase("before", 100, 101), Phase("fault", 101, 103)], REPORT).splitlines()
    assert "p99 ms" in head
    assert before.split() == ["before", "1", "10", "10.0", "10", "10", "0.0%"]
    assert fault.split() == ["fault", "2", "14", "7.0", "20", "900", "35.7%"]
