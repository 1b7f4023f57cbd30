"""The aggregate Order: pending → reserved → confirmed | cancelled.

Facts may come twice, late or in any order. So an order keeps what it knows and decides by all of it: it confirms once
it is both reserved and paid, in whichever order it hears so, and what comes after the end changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from orders.domain.messages import (
    Event,
    Fact,
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    PaymentCharged,
    PaymentDeclined,
    PaymentRequested,
    StockRejected,
    StockReserved,
    TimePassed,
)
from orders.domain.values import Line, Money, total

MAX_LINES: Final = 50
TIMEOUT: Final = "timeout"
WRONG_AMOUNT: Final = "wrong-amount"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_TOKEN = re.compile(r"tok_[A-Za-z0-9_]{1,60}")


class Status(StrEnum):
    """Where an order stands."""

    PENDING = "pending"
    RESERVED = "reserved"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `version` counts its changes; a store refuses to save over another one's."""

    order_id: str
    customer_id: str
    email: str
    lines: tuple[Line, ...]
    payment_token: str
    placed_at: datetime
    deadline: datetime
    updated_at: datetime
    status: Status = Status.PENDING
    paid: bool = False
    reason: str | None = None
    version: int = 0

    def __post_init__(self) -> None:
        if not self.order_id.strip() or not self.customer_id.strip():
            raise ValueError("order_id and customer_id must not be blank")
        if not _EMAIL.fullmatch(self.email):
            raise ValueError("email must be an address such as a@example.com")
        # Never repeated: what is no token may be a card number.
        if not _TOKEN.fullmatch(self.payment_token):
            raise ValueError("payment_token must be tok_ and 1 to 60 letters, digits or underscores")
        if not 1 <= len(self.lines) <= MAX_LINES:
            raise ValueError(f"an order has 1 to {MAX_LINES} lines, got {len(self.lines)}")
        if len({line.sku for line in self.lines}) < len(self.lines):
            raise ValueError("each sku must be in one line only: sum up its quantities")
        if self.total.amount == 0:
            raise ValueError("the total must be more than 0")

    @property
    def total(self) -> Money:
        """What the order costs."""
        return total(self.lines)

    @property
    def closed(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in (Status.CONFIRMED, Status.CANCELLED)


Decision = tuple[Order, tuple[Event, ...]]
"""The order afterwards, and what it tells."""


def place(
    order_id: str,
    customer_id: str,
    email: str,
    lines: Iterable[Line],
    payment_token: str,
    *,
    at: datetime,
    patience: timedelta,
) -> Decision:
    """Take an order; it is to be done within `patience`. Raises ValueError naming what is wrong with it."""
    order = Order(order_id, customer_id, email, tuple(lines), payment_token, at, at + patience, at)
    return order, (OrderPlaced(order_id, customer_id, email, order.lines, order.total, payment_token),)


def decide(order: Order, fact: Fact, at: datetime) -> Decision:
    """What the order makes of a fact heard `at` a time; of one that changes nothing the same order and no events."""
    if order.closed:
        return order, ()
    match fact:
        case StockReserved():
            return _reserved(order, at)
        case PaymentCharged(amount):
            return _charged(order, amount, at)
        case StockRejected(reason) | PaymentDeclined(reason):
            return _cancel(order, reason, at)
        case TimePassed():
            return _cancel(order, TIMEOUT, at) if at >= order.deadline else (order, ())


def _reserved(order: Order, at: datetime) -> Decision:
    if order.status is Status.RESERVED:
        return order, ()
    if order.paid:
        return _confirm(order, at)
    request = PaymentRequested(order.order_id, order.customer_id, order.total, order.payment_token)
    return replace(order, status=Status.RESERVED, updated_at=at), (request,)


def _charged(order: Order, amount: Money, at: datetime) -> Decision:
    if amount != order.total:
        return _cancel(order, WRONG_AMOUNT, at)
    if order.status is Status.RESERVED:
        return _confirm(order, at)
    return (order if order.paid else replace(order, paid=True, updated_at=at)), ()


def _confirm(order: Order, at: datetime) -> Decision:
    told = OrderConfirmed(order.order_id, order.customer_id, order.email, order.total)
    return replace(order, status=Status.CONFIRMED, paid=True, updated_at=at), (told,)


def _cancel(order: Order, reason: str, at: datetime) -> Decision:
    told = OrderCancelled(order.order_id, order.customer_id, order.email, reason)
    return replace(order, status=Status.CANCELLED, reason=reason, updated_at=at), (told,)
