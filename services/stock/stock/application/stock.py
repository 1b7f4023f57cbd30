"""The use cases: reserve, confirm, cancel, receive, look.

Concurrency is optimistic: nobody waits for anybody's decision, who was slower starts anew with what is true by now.
Attempts are bounded; who runs out of them raises ContendedError, and the broker brings the event again later.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from stock.application.ports import ConflictError, Store, Watch, Work
from stock.domain.levels import Level
from stock.domain.reservations import Change, Line, cancel, confirm, place

T = TypeVar("T")
MAXIMUM_PAUSE = 0.25


class ContendedError(RuntimeError):
    """Every attempt lost against others."""

    def __init__(self, attempts: int) -> None:
        super().__init__(f"lost {attempts} attempts in a row against concurrent changes: try again later")


class UnknownSkuError(LookupError):
    """Nothing of this SKU was ever received."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"no stock of {sku} is kept: receive some first")


@dataclass(frozen=True, slots=True)
class Stock:
    """The use cases around a store. `pause` seconds, doubled each time and jittered, lie between `attempts`."""

    store: Store
    watch: Watch
    attempts: int = 10
    pause: float = 0.005

    async def place(self, event_id: str, order_id: str, lines: Sequence[Line]) -> None:
        """An order came: all of its lines are reserved, or it is rejected."""

        async def decide(work: Work) -> Change | None:
            known = await work.reservation(order_id)
            return place(known, order_id, lines, await work.levels({line.sku for line in lines}))

        await self._decide(event_id, decide)

    async def confirm(self, event_id: str, order_id: str) -> None:
        """An order was paid: its pieces are sold. Raises UnknownReservationError."""

        async def decide(work: Work) -> Change | None:
            known = await work.reservation(order_id)
            return confirm(known, order_id, await work.levels(line.sku for line in known.lines) if known else {})

        await self._decide(event_id, decide)

    async def cancel(self, event_id: str, order_id: str, reason: str) -> None:
        """An order was cancelled: what it holds is free again; if it is still to come, it will hold nothing."""

        async def decide(work: Work) -> Change | None:
            known = await work.reservation(order_id)
            levels = await work.levels(line.sku for line in known.lines) if known else {}
            return cancel(known, order_id, reason, levels)

        await self._decide(event_id, decide)

    async def receive(self, sku: str, quantity: int, key: str | None = None) -> Level:
        """Goods came in; the level after it. With a key, the same delivery counts once."""

        async def add(work: Work) -> Level:
            level = (await work.levels([sku])).get(sku)
            if key is not None and not await work.first_time(f"receive {sku} {key}"):
                return level or Level(sku, 0)
            grown = (level or Level(sku, 0)).receive(quantity)
            await work.save(grown)
            return grown

        return await self._attempt(add)

    async def level(self, sku: str) -> Level:
        """The level of a SKU. Raises UnknownSkuError."""
        if found := await self.levels([sku]):
            return found[0]
        raise UnknownSkuError(sku)

    async def levels(self, skus: Iterable[str]) -> list[Level]:
        """The levels of those SKUs that are known, by SKU."""
        async with self.store.transaction() as work:
            found = await work.levels(skus)
        return [found[sku] for sku in sorted(found)]

    async def _decide(self, event_id: str, decide: Callable[[Work], Awaitable[Change | None]]) -> None:
        async def once(work: Work) -> Change | None:
            if not await work.first_time(event_id):
                return None
            change = await decide(work)
            if change:
                await work.apply(change)
            return change

        change = await self._attempt(once)
        self.watch.decided(change.reservation.state if change else "repeated")

    async def _attempt(self, act: Callable[[Work], Awaitable[T]]) -> T:
        for attempt in range(self.attempts):
            try:
                async with self.store.transaction() as work:
                    return await act(work)
            except ConflictError:
                self.watch.conflicted()
                await asyncio.sleep(random.uniform(0, min(MAXIMUM_PAUSE, self.pause * 2**attempt)))  # noqa: S311 - jitter
        raise ContendedError(self.attempts)
