"""How each event adds to the view of its order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from orderview.domain.view import Entry, Line, Money, Payment, Status, View

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it was heard; `data` is as its schema says."""

    event_id: str
    type: str
    time: datetime
    data: Data

    @property
    def order_id(self) -> str:
        """Which order it is about."""
        return str(self.data["order_id"])


def _money(data: Data) -> Money:
    return Money(data["amount"], data["currency"])


def _placed(event: Heard) -> dict[str, Any]:
    lines = tuple(Line(each["sku"], each["quantity"], _money(each["unit_price"])) for each in event.data["lines"])
    return {
        "customer_id": event.data["customer_id"],
        "placed_at": event.time,
        "lines": lines,
        "total": _money(event.data["total"]),
    }


def _requested(event: Heard) -> dict[str, Any]:
    return {"customer_id": event.data["customer_id"], "status": Status.RESERVED, "payment": Payment.REQUESTED}


def _confirmed(event: Heard) -> dict[str, Any]:
    return {"customer_id": event.data["customer_id"], "status": Status.CONFIRMED}


def _cancelled(event: Heard) -> dict[str, Any]:
    return {
        "customer_id": event.data["customer_id"],
        "status": Status.CANCELLED,
        "reason": event.data["reason"],
    }


def _nothing(_event: Heard) -> dict[str, Any]:
    return {}


# Only orders says how an order stands; what others tell is history, money and mails.
ADDS: Final[Mapping[str, Callable[[Heard], dict[str, Any]]]] = {
    "orders.order-placed.v1": _placed,
    "orders.payment-requested.v1": _requested,
    "orders.order-confirmed.v1": _confirmed,
    "orders.order-cancelled.v1": _cancelled,
    "stock.reserved.v1": lambda _event: {"status": Status.RESERVED},
    "stock.rejected.v1": _nothing,
    "stock.committed.v1": _nothing,
    "stock.released.v1": _nothing,
    "payments.charged.v1": lambda _event: {"payment": Payment.CHARGED},
    "payments.declined.v1": lambda _event: {"payment": Payment.DECLINED},
    "payments.refunded.v1": lambda _event: {"payment": Payment.REFUNDED},
    "notifications.mail-sent.v1": lambda event: {"mails": frozenset({event.data["kind"]})},
}
"""Event type → what it adds. These are all the types that the view is built from."""

_SHOWN: Final = ("amount", "total", "reason", "missing", "kind")


def view(event: Heard) -> View:
    """What is known of an order by one event alone."""
    return View(event.order_id, event.time, **ADDS[event.type](event))


def entry(event: Heard) -> Entry:
    """The event as a line of history: without address, token and charge."""
    detail = {name: event.data[name] for name in _SHOWN if name in event.data}
    return Entry(event.event_id, event.order_id, event.type, event.time, detail)


def fold(events: Iterable[Heard]) -> dict[str, View]:
    """What is known of each order by these events together, by order id."""
    known: dict[str, View] = {}
    for event in events:
        new = view(event)
        known[new.order_id] = known[new.order_id].join(new) if new.order_id in known else new
    return known
