"""The use cases as a consumer of events, and facts as events."""

from __future__ import annotations

from typing import Any

from shopkit.events import Event

from stock.application.stock import Stock
from stock.domain.reservations import Committed, Fact, Line, Rejected, Released, Reserved

SERVICE = "stock"
PLACED, CONFIRMED, CANCELLED = "orders.order-placed.v1", "orders.order-confirmed.v1", "orders.order-cancelled.v1"
RECEIVES = (PLACED, CONFIRMED, CANCELLED)
TYPES: dict[type[Fact], str] = {
    Reserved: "stock.reserved.v1",
    Rejected: "stock.rejected.v1",
    Committed: "stock.committed.v1",
    Released: "stock.released.v1",
}


def event_of(fact: Fact) -> Event:
    """The event that tells a fact."""
    data: dict[str, Any] = {"order_id": fact.order_id}
    match fact:
        case Reserved(lines=lines):
            data["lines"] = [{"sku": line.sku, "quantity": line.quantity} for line in lines]
        case Rejected(reason=reason, missing=missing):
            data["reason"] = reason
            data["missing"] = [{"sku": m.sku, "wanted": m.wanted, "available": m.available} for m in missing]
        case Released(reason=reason):
            data["reason"] = reason
        case Committed():
            pass
    return Event.new(SERVICE, TYPES[type(fact)], fact.order_id, data)


async def handle(stock: Stock, event: Event) -> None:
    """What an event asks of the stock."""
    order_id = event.data["order_id"]
    match event.type:
        case "orders.order-placed.v1":
            lines = [Line(line["sku"], line["quantity"]) for line in event.data["lines"]]
            await stock.place(event.id, order_id, lines)
        case "orders.order-confirmed.v1":
            await stock.confirm(event.id, order_id)
        case "orders.order-cancelled.v1":
            await stock.cancel(event.id, order_id, event.data["reason"])
        case _:
            raise ValueError(f"event type {event.type} is none of {', '.join(RECEIVES)}")
