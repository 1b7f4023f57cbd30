"""A store in memory that yields between any two steps, so that transactions interleave, and commits optimistically."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from stock.application.ports import ConflictError
from stock.domain.levels import Level
from stock.domain.reservations import Change, Fact, Reservation


class MemoryStore:
    def __init__(self, *levels: Level) -> None:
        self.levels = {level.sku: level for level in levels}
        self.reservations: dict[str, Reservation] = {}
        self.causes: set[str] = set()
        self.facts: list[Fact] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryWork]:
        work = MemoryWork(self)
        yield work
        await asyncio.sleep(0)
        work.commit()


@dataclass
class MemoryWork:
    store: MemoryStore
    causes: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    written: list[Level] = field(default_factory=list)

    async def first_time(self, cause: str) -> bool:
        await asyncio.sleep(0)
        self.causes.append(cause)
        return cause not in self.store.causes

    async def levels(self, skus: Iterable[str]) -> dict[str, Level]:
        await asyncio.sleep(0)
        return {sku: self.store.levels[sku] for sku in skus if sku in self.store.levels}

    async def reservation(self, order_id: str) -> Reservation | None:
        await asyncio.sleep(0)
        return self.store.reservations.get(order_id)

    async def apply(self, change: Change) -> None:
        await asyncio.sleep(0)
        self.changes.append(change)
        self.written.extend(change.levels)

    async def save(self, level: Level) -> None:
        await asyncio.sleep(0)
        self.written.append(level)

    def commit(self) -> None:
        """All of it or nothing, in one step."""
        for level in self.written:
            held = self.store.levels.get(level.sku)
            if (held.version if held else 0) != level.version:
                raise ConflictError(level.sku)
        for change in self.changes:
            held_reservation = self.store.reservations.get(change.reservation.order_id)
            if (held_reservation.state if held_reservation else None) != change.before:
                raise ConflictError(change.reservation.order_id)
        for level in self.written:
            self.store.levels[level.sku] = replace(level, version=level.version + 1)
        for change in self.changes:
            self.store.reservations[change.reservation.order_id] = change.reservation
            if change.fact:
                self.store.facts.append(change.fact)
        self.store.causes.update(self.causes)


class Counts:
    """Counts what happens."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.conflicts = 0

    def decided(self, outcome: str) -> None:
        self.outcomes.append(outcome)

    def conflicted(self) -> None:
        self.conflicts += 1
