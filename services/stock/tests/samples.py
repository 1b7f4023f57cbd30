"""Events as orders publishes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from shopkit.events import Event

EUR = {"amount": 1290, "currency": "EUR"}


def placed(order_id: str, lines: Mapping[str, int]) -> Event:
    data: dict[str, Any] = {
        "order_id": order_id,
        "customer_id": "c1",
        "email": "ann@example.org",
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": EUR} for sku, quantity in lines.items()],
        "total": EUR,
        "payment_token": "tok_visa",
    }
    return Event.new("orders", "orders.order-placed.v1", order_id, data)


def confirmed(order_id: str) -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "email": "ann@example.org", "total": EUR}
    return Event.new("orders", "orders.order-confirmed.v1", order_id, data)


def cancelled(order_id: str, reason: str = "declined") -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "email": "ann@example.org", "reason": reason}
    return Event.new("orders", "orders.order-cancelled.v1", order_id, data)


def order_ids(count: int) -> list[str]:
    return [str(uuid4()) for _ in range(count)]
