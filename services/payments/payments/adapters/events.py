"""The use cases as a consumer of events, and facts as events.

An event handled twice needs no inbox: the order's charge itself says what is left to do.
"""

from __future__ import annotations

from typing import Any

from shopkit.events import Event

from payments.application.payments import Payments
from payments.domain.charges import Charged, Declined, Fact, Money, Refunded

SERVICE = "payments"
REQUESTED, CANCELLED = "orders.payment-requested.v1", "orders.order-cancelled.v1"
RECEIVES = (REQUESTED, CANCELLED)
TYPES: dict[type[Fact], str] = {
    Charged: "payments.charged.v1",
    Declined: "payments.declined.v1",
    Refunded: "payments.refunded.v1",
}


def event_of(fact: Fact) -> Event:
    """The event that tells a fact."""
    data: dict[str, Any] = {"order_id": fact.order_id}
    if not isinstance(fact, Declined):
        data["charge_id"] = fact.charge_id
        data["amount"] = {"amount": fact.amount.amount, "currency": fact.amount.currency}
    if not isinstance(fact, Charged):
        data["reason"] = fact.reason
    return Event.new(SERVICE, TYPES[type(fact)], fact.order_id, data)


async def handle(payments: Payments, event: Event) -> None:
    """What an event asks of the payments. Raises UndecidedError: bring it again."""
    data = event.data
    if event.type == REQUESTED:
        amount = Money(data["amount"]["amount"], data["amount"]["currency"])
        await payments.pay(data["order_id"], amount, data["payment_token"])
    elif event.type == CANCELLED:
        await payments.cancel(data["order_id"], data["reason"])
    else:
        raise ValueError(f"event type {event.type} is none of {', '.join(RECEIVES)}")
