"""The use case as a consumer of events, and what was sent as an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopkit.events import Event

from notifications.application.notifications import Notifications
from notifications.domain.mails import Kind, Money, Notice, recipient_hash

SERVICE = "notifications"
CONFIRMED, CANCELLED, REFUNDED = "orders.order-confirmed.v1", "orders.order-cancelled.v1", "payments.refunded.v1"
RECEIVES = (CONFIRMED, CANCELLED, REFUNDED)
SENT = "notifications.mail-sent.v1"
SENDS = (SENT,)


def sent(order_id: str, kind: Kind, recipient: str) -> Event:
    """The event that tells of a mail; the address itself stays here."""
    data = {"order_id": order_id, "kind": str(kind), "recipient_hash": recipient_hash(recipient)}
    return Event.new(SERVICE, SENT, order_id, data)


async def handle(notifications: Notifications, event: Event) -> None:
    """What an event asks to tell. Raises as `Notifications.tell`: bring it again."""
    data = event.data
    if event.type == CONFIRMED:
        await notifications.tell(Notice(data["order_id"], Kind.CONFIRMED, _money(data["total"])), data["email"])
    elif event.type == CANCELLED:
        await notifications.tell(Notice(data["order_id"], Kind.CANCELLED, None, data["reason"]), data["email"])
    elif event.type == REFUNDED:
        await notifications.tell(Notice(data["order_id"], Kind.REFUNDED, _money(data["amount"]), data["reason"]))
    else:
        raise ValueError(f"event type {event.type} is none of {', '.join(RECEIVES)}")


def _money(data: Mapping[str, Any]) -> Money:
    return Money(data["amount"], data["currency"])
