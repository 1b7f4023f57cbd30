"""What an order hears (facts) and what it tells (events)."""

from __future__ import annotations

from dataclasses import dataclass

from orders.domain.values import Line, Money


@dataclass(frozen=True, slots=True)
class StockReserved:
    """The stock holds every line of the order."""


@dataclass(frozen=True, slots=True)
class StockRejected:
    """The stock cannot serve the order."""

    reason: str


@dataclass(frozen=True, slots=True)
class PaymentCharged:
    """The customer has paid."""

    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentDeclined:
    """The customer has not paid and will not."""

    reason: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The clock was looked at: an order past its deadline gives up."""


Fact = StockReserved | StockRejected | PaymentCharged | PaymentDeclined | TimePassed


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """An order was taken; the stock is asked to reserve its lines."""

    order_id: str
    customer_id: str
    email: str
    lines: tuple[Line, ...]
    total: Money
    payment_token: str


@dataclass(frozen=True, slots=True)
class PaymentRequested:
    """The lines are reserved; payments is asked to charge."""

    order_id: str
    customer_id: str
    amount: Money
    payment_token: str


@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    """Reserved and paid: the order stands."""

    order_id: str
    customer_id: str
    email: str
    total: Money


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The order came to nothing; who holds or charged something for it gives it back."""

    order_id: str
    customer_id: str
    email: str
    reason: str


Event = OrderPlaced | PaymentRequested | OrderConfirmed | OrderCancelled
