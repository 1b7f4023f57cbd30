"""What the use cases ask of a store, of the provider, and of those who watch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from payments.domain.charges import Charge, Fact, Money, Nothing, Refused, Returned, Taken


class UndecidedError(Exception):
    """The provider did not say what it did: it may have charged or not. Asking again is safe, and is the remedy."""


class Work(Protocol):
    """One transaction; it holds the order's charge, so that two decisions on it come one after the other."""

    async def charge(self, order_id: str) -> Charge | None:
        """The order's charge, if there is one."""

    async def save(self, charge: Charge, facts: Sequence[Fact] = ()) -> None:
        """Save a charge and announce facts of it."""


class Store(Protocol):
    """Where charges rest."""

    def transaction(self, order_id: str) -> AbstractAsyncContextManager[Work]:
        """A transaction on an order's charge that commits at the end of the block and rolls back on an exception."""


class Provider(Protocol):
    """Who moves the money. Both calls may be repeated for an order without a further effect."""

    async def charge(self, order_id: str, amount: Money, payment_token: str) -> Taken | Refused:
        """Charge once. Raises UndecidedError."""

    async def reverse(self, order_id: str, reason: str) -> Returned | Nothing:
        """Pay back what was charged, or void the order's id for good. Raises UndecidedError."""


class Watch(Protocol):
    """Who counts what happens."""

    def settled(self, outcome: str) -> None:
        """A charge moved to this state, or `undecided`: the provider did not say."""
