"""What ordering asks of the world."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orders.domain.messages import Event
from orders.domain.order import Order

Clock = Callable[[], datetime]
"""The time, in UTC."""


class ConcurrentChangeError(RuntimeError):
    """Someone else changed the order since it was read."""


class KeyInProgressError(RuntimeError):
    """A request with the same idempotency key is still under way."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A customer's idempotency key, the request's fingerprint (SHA-256, hex) and the order that answers it."""

    customer_id: str
    key: str
    fingerprint: str
    order_id: str


class Work(Protocol):
    """One transaction: all of it holds, or nothing."""

    async def claim(self, claim: Claim) -> Claim | None:
        """Take the key; None, or the earlier claim of it. Raises KeyInProgressError."""

    async def add(self, order: Order) -> None:
        """Store a new order."""

    async def get(self, order_id: str) -> Order | None:
        """An order as it stands."""

    async def save(self, order: Order) -> None:
        """Store a changed order over the version it was made of. Raises ConcurrentChangeError."""

    async def tell(self, event: Event) -> None:
        """Publish the event once the transaction holds."""

    async def first_time(self, event_id: str) -> bool:
        """Whether this event was never heard before; it has been from now on."""


class Storage(Protocol):
    """Where orders rest."""

    def work(self) -> AbstractAsyncContextManager[Work]:
        """A transaction: kept at the end, undone by an exception."""

    async def overdue(self, at: datetime, limit: int) -> list[str]:
        """Ids of open orders whose deadline has passed, oldest first."""
