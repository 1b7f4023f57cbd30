"""The language of events: what is told becomes a CloudEvent, what is heard becomes a fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from shopkit.broker import Broker
from shopkit.events import Event as CloudEvent
from shopkit.metrics import Metrics

from orders.application.saga import Saga
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
)
from orders.domain.values import Line, Money

SOURCE: Final = "orders"
PUBLISHED: Final[Mapping[type, str]] = {
    OrderPlaced: "orders.order-placed.v1",
    PaymentRequested: "orders.payment-requested.v1",
    OrderConfirmed: "orders.order-confirmed.v1",
    OrderCancelled: "orders.order-cancelled.v1",
}
CONSUMED: Final[Mapping[str, Callable[[Mapping[str, Any]], Fact]]] = {
    "stock.reserved.v1": lambda _data: StockReserved(),
    "stock.rejected.v1": lambda data: StockRejected(data["reason"]),
    "payments.charged.v1": lambda data: PaymentCharged(Money(data["amount"]["amount"], data["amount"]["currency"])),
    "payments.declined.v1": lambda data: PaymentDeclined(data["reason"]),
}


def money(value: Money) -> dict[str, Any]:
    """Money in JSON."""
    return {"amount": value.amount, "currency": value.currency}


def line(value: Line) -> dict[str, Any]:
    """A line in JSON."""
    return {"sku": value.sku, "quantity": value.quantity, "unit_price": money(value.unit_price)}


def published(event: Event) -> CloudEvent:
    """The CloudEvent of what an order tells, caused by the current span. Raises SchemaError."""
    data: dict[str, Any] = {"order_id": event.order_id, "customer_id": event.customer_id}
    match event:
        case OrderPlaced():
            data |= {"email": event.email, "lines": [line(each) for each in event.lines]}
            data |= {"total": money(event.total), "payment_token": event.payment_token}
        case PaymentRequested():
            data |= {"amount": money(event.amount), "payment_token": event.payment_token}
        case OrderConfirmed():
            data |= {"email": event.email, "total": money(event.total)}
        case OrderCancelled():
            data |= {"email": event.email, "reason": event.reason}
    return CloudEvent.new(SOURCE, PUBLISHED[type(event)], event.order_id, data)


class Consumer:
    """Gives the saga what stock and payments say. One of an order unknown here ends in the dead letters."""

    def __init__(self, broker: Broker, saga: Saga, metrics: Metrics) -> None:
        self._broker = broker
        self._saga = saga
        self._facts = metrics.counter("orders_facts_total", "Facts heard by what became of them", ("type", "outcome"))

    async def run(self) -> None:
        """Consume for ever."""
        await self._broker.consume(SOURCE, CONSUMED, self.handle)

    async def handle(self, event: CloudEvent) -> None:
        """Apply one event, once."""
        fact = CONSUMED[event.type](event.data)
        outcome = await self._saga.hear(event.id, event.data["order_id"], fact)
        self._facts.labels(event.type, outcome).inc()
