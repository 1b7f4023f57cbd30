"""What the shop's services say of an order, from placed to mailed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from shopkit.events import Event

from orderview.domain.projection import Heard

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
EUR = {"amount": 2999, "currency": "EUR"}
LINES = [
    {"sku": "red-mug", "quantity": 2, "unit_price": {"amount": 1250, "currency": "EUR"}},
    {"sku": "tea", "quantity": 1, "unit_price": {"amount": 499, "currency": "EUR"}},
]
WANTED = [{"sku": line["sku"], "quantity": line["quantity"]} for line in LINES]
MISSING = [{"sku": "tea", "wanted": 1, "available": 0}]
CHARGE = str(uuid4())


def _events(order_id: str, start: datetime, *steps: tuple[str, dict[str, Any]]) -> list[Event]:
    """One event a second."""
    return [
        replace(
            Event.new(type_.split(".")[0], type_, order_id, {"order_id": order_id, **data}),
            time=start + timedelta(seconds=number),
        )
        for number, (type_, data) in enumerate(steps)
    ]


def _customer(customer: str) -> dict[str, Any]:
    return {"customer_id": customer, "email": "a@example.com"}


def _placed(customer: str) -> tuple[str, dict[str, Any]]:
    return "orders.order-placed.v1", {**_customer(customer), "lines": LINES, "total": EUR, "payment_token": "tok_visa"}


def confirmed(customer: str = "c-1", start: datetime = START, order_id: str | None = None) -> list[Event]:
    """An order that goes well, with a mail at the end."""
    return _events(
        order_id or str(uuid4()),
        start,
        _placed(customer),
        ("stock.reserved.v1", {"lines": WANTED}),
        ("orders.payment-requested.v1", {"customer_id": customer, "amount": EUR, "payment_token": "tok_visa"}),
        ("payments.charged.v1", {"charge_id": CHARGE, "amount": EUR}),
        ("orders.order-confirmed.v1", {**_customer(customer), "total": EUR}),
        ("stock.committed.v1", {}),
        ("notifications.mail-sent.v1", {"kind": "confirmed", "recipient_hash": 64 * "a"}),
    )


def refunded(customer: str = "c-1", start: datetime = START) -> list[Event]:
    """An order charged too late: cancelled, released, paid back, mailed twice."""
    return _events(
        str(uuid4()),
        start,
        _placed(customer),
        ("stock.reserved.v1", {"lines": WANTED}),
        ("orders.payment-requested.v1", {"customer_id": customer, "amount": EUR, "payment_token": "tok_visa"}),
        ("orders.order-cancelled.v1", {**_customer(customer), "reason": "timeout"}),
        ("payments.charged.v1", {"charge_id": CHARGE, "amount": EUR}),
        ("stock.released.v1", {"reason": "timeout"}),
        ("payments.refunded.v1", {"charge_id": CHARGE, "amount": EUR, "reason": "timeout"}),
        ("notifications.mail-sent.v1", {"kind": "cancelled", "recipient_hash": 64 * "a"}),
        ("notifications.mail-sent.v1", {"kind": "refunded", "recipient_hash": 64 * "a"}),
    )


def sold_out(customer: str = "c-1", start: datetime = START) -> list[Event]:
    """An order that the stock cannot serve."""
    return _events(
        str(uuid4()),
        start,
        _placed(customer),
        ("stock.rejected.v1", {"reason": "sold out", "missing": MISSING}),
        ("orders.order-cancelled.v1", {**_customer(customer), "reason": "sold out"}),
    )


def declined(customer: str = "c-1", start: datetime = START) -> list[Event]:
    """An order that is not paid for."""
    return _events(
        str(uuid4()),
        start,
        _placed(customer),
        ("stock.reserved.v1", {"lines": WANTED}),
        ("orders.payment-requested.v1", {"customer_id": customer, "amount": EUR, "payment_token": "tok_visa"}),
        ("payments.declined.v1", {"reason": "no money"}),
        ("orders.order-cancelled.v1", {**_customer(customer), "reason": "no money"}),
        ("stock.released.v1", {"reason": "no money"}),
    )


def heard(events: list[Event]) -> list[Heard]:
    """The events in the view's own terms."""
    return [Heard(event.id, event.type, event.time, event.data) for event in events]
