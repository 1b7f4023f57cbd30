"""Storage in memory with the real one's promises, for tests of use cases: a transaction holds at its end only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime

from orders.application.ports import Claim, ConcurrentChangeError
from orders.domain.messages import Event
from orders.domain.order import Order


@dataclass
class State:
    orders: dict[str, Order] = field(default_factory=dict)
    claims: dict[tuple[str, str], Claim] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    told: list[Event] = field(default_factory=list)


@dataclass
class MemoryWork:
    state: State
    losses: list[str]

    async def claim(self, claim: Claim) -> Claim | None:
        earlier = self.state.claims.get((claim.customer_id, claim.key))
        self.state.claims.setdefault((claim.customer_id, claim.key), claim)
        return earlier

    async def add(self, order: Order) -> None:
        self.state.orders[order.order_id] = order

    async def get(self, order_id: str) -> Order | None:
        return self.state.orders.get(order_id)

    async def save(self, order: Order) -> None:
        if self.losses or self.state.orders[order.order_id].version != order.version:
            raise ConcurrentChangeError(self.losses.pop() if self.losses else order.order_id)
        self.state.orders[order.order_id] = replace(order, version=order.version + 1)

    async def tell(self, event: Event) -> None:
        self.state.told.append(event)

    async def first_time(self, event_id: str) -> bool:
        known = event_id in self.state.heard
        self.state.heard.add(event_id)
        return not known


@dataclass
class MemoryStorage:
    """`losses` makes that many saves lose against another writer."""

    state: State = field(default_factory=State)
    losses: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[MemoryWork]:
        draft = State(*(copy(part) for part in vars(self.state).values()))
        yield MemoryWork(draft, self.losses)
        self.state = draft

    async def overdue(self, at: datetime, limit: int) -> list[str]:
        late = [order for order in self.state.orders.values() if not order.closed and order.deadline <= at]
        return [order.order_id for order in sorted(late, key=lambda order: order.deadline)][:limit]
