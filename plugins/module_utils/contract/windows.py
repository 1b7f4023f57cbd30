"""Maintenance windows: whether one is open, and when the next one opens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As `datetime.weekday` counts them."""


@dataclass(frozen=True)
class Opening:
    """`open`: whether planned work may go on; `next`: when it may again, where it may not (UTC)."""

    open: bool
    next: datetime | None = None


def opening(windows: Iterable[Window], at: datetime) -> Opening:
    """What the windows say of a moment with its time zone. Without windows every moment will do."""
    windows = list(windows)
    if not windows:
        return Opening(True)
    moment = at.astimezone(UTC)
    if any(begin <= moment < begin + timedelta(hours=window.hours) for window, begin in _around(windows, moment)):
        return Opening(True)
    return Opening(False, min(begin for _, begin in _around(windows, moment) if begin > moment))


def _around(windows: Iterable[Window], moment: datetime) -> Iterator[tuple[Window, datetime]]:
    """Each window with its beginnings from the day before the moment, whose hours may still run, to a week after."""
    for days in range(-1, 8):
        date = (moment + timedelta(days=days)).date()
        for window in windows:
            if DAYS[date.weekday()] in window.days:
                yield window, datetime.combine(date, time.fromisoformat(window.start), UTC)
