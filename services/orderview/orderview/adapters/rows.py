"""Views as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from psycopg.types.json import Jsonb

from orderview.domain.view import Entry, Line, Money, Payment, Status, View

COLUMNS: Final = (
    "order_id",
    "customer_id",
    "placed_at",
    "updated_at",
    "status",
    "reason",
    "payment",
    "lines",
    "total_amount",
    "total_currency",
    "mails",
)


def row(view: View) -> dict[str, Any]:
    """A view by column."""
    return {
        "order_id": view.order_id,
        "customer_id": view.customer_id,
        "placed_at": view.placed_at,
        "updated_at": view.updated_at,
        "status": view.status,
        "reason": view.reason,
        "payment": view.payment,
        "lines": Jsonb([asdict(line) for line in view.lines]),
        "total_amount": view.total and view.total.amount,
        "total_currency": view.total and view.total.currency,
        "mails": sorted(view.mails),
    }


def view(row: Mapping[str, Any]) -> View:
    """The view of a row."""
    return View(
        order_id=str(row["order_id"]),
        updated_at=row["updated_at"],
        customer_id=row["customer_id"],
        placed_at=row["placed_at"],
        lines=tuple(Line(each["sku"], each["quantity"], Money(**each["unit_price"])) for each in row["lines"]),
        total=None if row["total_amount"] is None else Money(row["total_amount"], row["total_currency"]),
        status=Status(row["status"]),
        reason=row["reason"],
        payment=Payment(row["payment"]),
        mails=frozenset(row["mails"]),
    )


def entry(row: Mapping[str, Any]) -> Entry:
    """The line of history of a row."""
    return Entry(str(row["event_id"]), str(row["order_id"]), row["type"], row["time"], row["detail"])
