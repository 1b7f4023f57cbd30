"""Events as stock and payments would send them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from shopkit.database import Database
from shopkit.events import Event

EUR_2999 = {"amount": 2999, "currency": "EUR"}


def reserved(order_id: str) -> Event:
    lines = [{"sku": "red-mug", "quantity": 2}, {"sku": "tea", "quantity": 1}]
    return Event.new("stock", "stock.reserved.v1", order_id, {"order_id": order_id, "lines": lines})


def rejected(order_id: str) -> Event:
    missing = [{"sku": "tea", "wanted": 1, "available": 0}]
    return Event.new(
        "stock", "stock.rejected.v1", order_id, {"order_id": order_id, "reason": "sold out", "missing": missing}
    )


def charged(order_id: str, amount: dict[str, Any] = EUR_2999) -> Event:
    data = {"order_id": order_id, "charge_id": str(uuid4()), "amount": amount}
    return Event.new("payments", "payments.charged.v1", order_id, data)


def declined(order_id: str) -> Event:
    return Event.new("payments", "payments.declined.v1", order_id, {"order_id": order_id, "reason": "no money"})


async def told(database: Database) -> list[tuple[str, str]]:
    """Type and order of every event in the outbox, in order."""
    async with database.transaction() as connection:
        rows = await connection.execute("select type, subject from outbox order by id")
        return [tuple(row) for row in await rows.fetchall()]
