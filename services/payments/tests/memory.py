"""A store in memory and a provider as treacherous as told; both yield between steps, so that calls interleave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import NAMESPACE_OID, uuid5

from payments.application.ports import UndecidedError
from payments.domain.charges import Charge, Fact, Money, Nothing, Refused, Returned, Taken


class MemoryStore:
    def __init__(self) -> None:
        self.charges: dict[str, Charge] = {}
        self.facts: list[Fact] = []
        self._locks: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def transaction(self, order_id: str) -> AsyncIterator[MemoryWork]:
        async with self._locks.setdefault(order_id, asyncio.Lock()):
            work = MemoryWork(self)
            yield work
            await asyncio.sleep(0)
            self.charges.update(work.written)
            self.facts.extend(work.facts)


@dataclass
class MemoryWork:
    store: MemoryStore
    written: dict[str, Charge] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)

    async def charge(self, order_id: str) -> Charge | None:
        await asyncio.sleep(0)
        return self.store.charges.get(order_id)

    async def save(self, charge: Charge, facts: Sequence[Fact] = ()) -> None:
        await asyncio.sleep(0)
        self.written[charge.order_id] = charge
        self.facts.extend(facts)


@dataclass
class TreacherousProvider:
    """`chance()` says what befalls a call: `""`, `before` (it never arrives) or `after` (its answer is lost)."""

    chance: Callable[[], str] = lambda: ""
    taken: dict[str, Money] = field(default_factory=dict)
    returned: set[str] = field(default_factory=set)
    voided: set[str] = field(default_factory=set)
    asked: int = 0

    async def charge(self, order_id: str, amount: Money, payment_token: str) -> Taken | Refused:
        self.asked += 1
        befalls = self.chance()
        await self._fail(befalls, "before")
        if order_id in self.voided:
            return Refused("voided")
        if payment_token == "tok_declined":
            return Refused("declined by the bank")
        self.taken.setdefault(order_id, amount)
        await self._fail(befalls, "after")
        return Taken(charge_id(order_id))

    async def reverse(self, order_id: str, reason: str) -> Returned | Nothing:
        befalls = self.chance()
        await self._fail(befalls, "before")
        if order_id in self.taken:
            self.returned.add(order_id)
            await self._fail(befalls, "after")
            return Returned(charge_id(order_id), self.taken[order_id])
        self.voided.add(order_id)
        await self._fail(befalls, "after")
        return Nothing()

    async def _fail(self, befalls: str, moment: str) -> None:
        await asyncio.sleep(0)
        if befalls == moment:
            raise UndecidedError(moment)


def charge_id(order_id: str) -> str:
    return str(uuid5(NAMESPACE_OID, order_id))


class Counts:
    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def settled(self, outcome: str) -> None:
        self.outcomes.append(outcome)
