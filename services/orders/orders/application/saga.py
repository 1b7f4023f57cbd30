"""The process manager: leads each order from placed to its end by what stock and payments say, or by the clock."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orders.application.ordering import UnknownOrderError
from orders.application.ports import Clock, ConcurrentChangeError, Storage, Work
from orders.domain.messages import Fact, TimePassed
from orders.domain.order import Order, decide

ATTEMPTS: Final = 5
BATCH: Final = 100


class Outcome(StrEnum):
    """What became of a fact."""

    APPLIED = "applied"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Saga:
    """Each step (what was heard, the order, what it tells) is one transaction."""

    storage: Storage
    clock: Clock
    ended: Callable[[Order], None] = lambda _order: None
    """Told of every order that reached its end, after that is stored."""

    async def hear(self, event_id: str, order_id: str, fact: Fact) -> Outcome:
        """Apply a fact once. Raises UnknownOrderError; ConcurrentChangeError after ATTEMPTS losses in a row."""
        return await self._step(order_id, fact, event_id)

    async def expire(self) -> int:
        """Cancel open orders past their deadline; return how many. One that ended meanwhile is left as it is."""
        cancelled = 0
        for order_id in await self.storage.overdue(self.clock(), BATCH):
            cancelled += await self._step(order_id, TimePassed()) is Outcome.APPLIED
        return cancelled

    async def _step(self, order_id: str, fact: Fact, event_id: str | None = None) -> Outcome:
        for _ in range(ATTEMPTS - 1):
            with suppress(ConcurrentChangeError):
                return await self._once(order_id, fact, event_id)
        return await self._once(order_id, fact, event_id)

    async def _once(self, order_id: str, fact: Fact, event_id: str | None) -> Outcome:
        async with self.storage.work() as work:
            if event_id is not None and not await work.first_time(event_id):
                return Outcome.DUPLICATE
            order = await self._apply(work, order_id, fact)
        if order is None:
            return Outcome.IGNORED
        if order.closed:
            self.ended(order)
        return Outcome.APPLIED

    async def _apply(self, work: Work, order_id: str, fact: Fact) -> Order | None:
        """The order as the fact has changed it, or None where it has not."""
        order = await work.get(order_id)
        if order is None:
            raise UnknownOrderError(order_id)
        after, events = decide(order, fact, self.clock())
        if after is order:
            return None
        await work.save(after)
        for event in events:
            await work.tell(event)
        return after
