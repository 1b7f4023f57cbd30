"""What the use cases ask of a store and of those who watch."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from stock.domain.levels import Level
from stock.domain.reservations import Change, Reservation


class ConflictError(Exception):
    """Another transaction changed what this one had read."""


class Work(Protocol):
    """One transaction: everything in it happens, or nothing."""

    async def first_time(self, cause: str) -> bool:
        """Whether this cause (an event's id, a caller's key) takes effect for the first time; notes it."""

    async def levels(self, skus: Iterable[str]) -> dict[str, Level]:
        """The levels of those SKUs that are known."""

    async def reservation(self, order_id: str) -> Reservation | None:
        """What the order holds or held."""

    async def apply(self, change: Change) -> None:
        """Save a change and announce its fact. Raises ConflictError if something of it moved since it was read."""

    async def save(self, level: Level) -> None:
        """Save one level. Raises ConflictError if it moved since it was read (version 0: if it is there by now)."""


class Store(Protocol):
    """Where levels and reservations rest."""

    def transaction(self) -> AbstractAsyncContextManager[Work]:
        """A transaction that commits at the end of the block and rolls back on an exception."""


class Watch(Protocol):
    """Who counts what happens."""

    def decided(self, outcome: str) -> None:
        """An order's reservation moved to this state, or `repeated`: the event had nothing left to decide."""

    def conflicted(self) -> None:
        """An attempt lost against a faster one."""
