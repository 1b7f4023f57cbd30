"""Use case: a customer places an order, once, however often the request comes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta

from orders.application.ports import Claim, Clock, Storage
from orders.domain.order import Order, place
from orders.domain.values import Line, Money


class KeyReusedError(ValueError):
    """The idempotency key came before, with another request."""


class UnknownOrderError(LookupError):
    """There is no order of this id."""


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """What a customer asks for. `total`, if given, is what the customer was told that it costs."""

    customer_id: str
    email: str
    lines: tuple[Line, ...]
    payment_token: str
    total: Money | None = None

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the request: equal for equal requests, however their JSON was written."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a placed order; `replayed` where an earlier request has placed it."""

    order_id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Ordering:
    """The use cases of customers. Orders not done within `patience` are given up."""

    storage: Storage
    clock: Clock
    new_id: Callable[[], str]
    patience: timedelta

    async def place(self, request: PlaceOrder, key: str) -> Receipt:
        """Place an order. The order, its key and its event are stored in one transaction.

        Raises ValueError for what no order can be, KeyReusedError, KeyInProgressError.
        """
        order, events = place(
            self.new_id(),
            request.customer_id,
            request.email,
            request.lines,
            request.payment_token,
            at=self.clock(),
            patience=self.patience,
        )
        if request.total is not None and request.total != order.total:
            raise ValueError(f"total must be the sum of the lines, {order.total}, got {request.total}")
        claim = Claim(request.customer_id, key, request.fingerprint(), order.order_id)
        async with self.storage.work() as work:
            if (earlier := await work.claim(claim)) is not None:
                if earlier.fingerprint != claim.fingerprint:
                    raise KeyReusedError(f"Idempotency-Key {key!r} came before with another body: use a new key")
                return Receipt(earlier.order_id, replayed=True)
            await work.add(order)
            for event in events:
                await work.tell(event)
        return Receipt(order.order_id)

    async def order(self, order_id: str) -> Order:
        """An order as it stands. Raises UnknownOrderError."""
        async with self.storage.work() as work:
            order = await work.get(order_id)
        if order is None:
            raise UnknownOrderError(order_id)
        return order
