"""Orders and times that tests share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orders.application.ordering import PlaceOrder
from orders.domain.order import Order, place
from orders.domain.values import Line, Money

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE = timedelta(minutes=5)
LATER = NOW + timedelta(seconds=1)
LINES = (Line("red-mug", 2, Money(1250, "EUR")), Line("tea", 1, Money(499, "EUR")))
TOTAL = Money(2999, "EUR")


def placed(**changes: object) -> Order:
    """A new order of LINES, placed NOW."""
    arguments = {
        "order_id": "o-1",
        "customer_id": "c-1",
        "email": "a@example.com",
        "lines": LINES,
        "payment_token": "tok_visa",
    }
    return place(**(arguments | changes), at=NOW, patience=PATIENCE)[0]  # type: ignore[arg-type]


def request(**changes: object) -> PlaceOrder:
    """What the customer asks for."""
    arguments = {"customer_id": "c-1", "email": "a@example.com", "lines": LINES, "payment_token": "tok_visa"}
    return PlaceOrder(**(arguments | changes))  # type: ignore[arg-type]
