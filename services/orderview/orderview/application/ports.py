"""What the view asks of the world."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orderview.domain.projection import Heard
from orderview.domain.view import Entry, View


class RebuildRunningError(RuntimeError):
    """The view is being built anew already."""


class GenerationLostError(RuntimeError):
    """Someone took the generation for abandoned and dropped it."""


@dataclass(frozen=True, slots=True)
class Generation:
    """One copy of the view: `building`, `live` (it answers) or `old` (dropped by the next rebuild)."""

    number: int
    state: str
    began_at: datetime
    live_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a customer's orders, newest first: behind the order placed then."""

    placed_at: datetime
    order_id: str


class Tables(Protocol):
    """One generation, within a transaction."""

    async def merge(self, views: Iterable[View], entries: Iterable[Entry]) -> None:
        """Join the views to what is known, and add the entries that are new."""


class Writers(Protocol):
    """Where projections write."""

    def followed(self) -> AbstractAsyncContextManager[Sequence[Tables]]:
        """The live generation and the one being built, if any: both follow what happens."""

    def one(self, generation: int) -> AbstractAsyncContextManager[Tables]:
        """A generation being built, its lease renewed. Raises GenerationLostError."""


class Generations(Protocol):
    """The life of generations."""

    async def begin(self) -> int:
        """Make an empty one that follows from now on; drop old and abandoned ones. Raises RebuildRunningError."""

    async def swap(self, generation: int) -> None:
        """Let it answer from now on. Raises GenerationLostError."""

    async def abandon(self, generation: int) -> None:
        """Drop one that will not be finished."""

    async def all(self) -> list[Generation]:
        """Every generation, oldest first."""


class Log(Protocol):
    """Everything that ever happened."""

    def replay(self) -> AsyncIterator[Sequence[Heard]]:
        """All events from the first to the last one there is now, in batches."""


class Reader(Protocol):
    """What the live generation knows; orders that were not heard to be placed yet are not shown."""

    async def orders(self, customer_id: str, after: Place | None, limit: int) -> list[View]:
        """A customer's orders, newest first."""

    async def order(self, order_id: str) -> tuple[View, list[Entry]] | None:
        """An order with its history by time."""
