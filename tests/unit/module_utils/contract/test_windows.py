"""Maintenance windows, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.filter.maintenance import maintenance
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Window
from ansible_collections.gantry.platform.plugins.module_utils.contract.windows import opening

LATE = Window(days=["tue", "sun"], start="22:30", hours=4)
"""Past midnight, and past the end of a week. 2026-11-24 is a Tuesday."""


@pytest.mark.parametrize(
    ("at", "following"),
    [
        ("2026-11-24T22:29:59+00:00", "2026-11-24T22:30:00+00:00"),
        ("2026-11-24T22:30:00+00:00", None),
        ("2026-11-25T02:29:59+00:00", None),
        ("2026-11-25T02:30:00+00:00", "2026-11-29T22:30:00+00:00"),
        ("2026-11-30T01:00:00+00:00", None),
        ("2026-11-30T02:30:00+00:00", "2026-12-01T22:30:00+00:00"),
    ],
)
def test_open_from_its_beginning_to_before_its_end(at: str, following: str | None) -> None:
    found = opening([LATE], datetime.fromisoformat(at))
    assert found.open == (following is None)
    assert found.next == (datetime.fromisoformat(following) if following else None)


def test_time_zones_are_understood() -> None:
    east = timezone(timedelta(hours=5))
    assert opening([LATE], datetime(2026, 11, 25, 3, 30, tzinfo=east)).open
    assert not opening([LATE], datetime(2026, 11, 25, 3, 29, tzinfo=east)).open


def test_any_of_several_will_do_and_none_means_always() -> None:
    early = Window(days=["wed"], start="02:30", hours=1)
    assert opening([LATE, early], datetime(2026, 11, 25, 2, 45, tzinfo=UTC)).open
    assert opening([], datetime(2026, 11, 25, 2, 45, tzinfo=UTC)).open


def test_a_day_of_24_hours_has_no_end() -> None:
    week = Window(days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], start="09:00", hours=24)
    assert all(opening([week], datetime(2026, 11, 24, hour, tzinfo=UTC)).open for hour in range(24))


def test_the_filter_tells_when_in_words() -> None:
    windows = [{"days": ["tue"], "start": "02:00", "hours": 3}]
    told = maintenance(windows, "2026-11-25T10:00:00+00:00")
    assert told == {"open": False, "next": "Tue 2026-12-01 02:00 UTC"}
    assert maintenance([], "2026-11-25T10:00:00+00:00") == {"open": True, "next": ""}
    assert maintenance([{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00", "hours": 24}])[
        "open"
    ]


@pytest.mark.parametrize(
    ("windows", "at", "says"),
    [
        ([{"days": ["tue"], "start": "2:00", "hours": 3}], "", "start"),
        ([{"days": [], "start": "02:00", "hours": 3}], "", "days"),
        ([], "soon", "soon"),
    ],
)
def test_the_filter_refuses_what_is_none(windows: list[dict[str, object]], at: str, says: str) -> None:
    with pytest.raises(AnsibleFilterError, match=says):
        maintenance(windows, at)
