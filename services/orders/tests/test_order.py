"""The aggregate: what each fact does in each state."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from samples import LATER, LINES, NOW, PATIENCE, TOTAL, placed

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
    TimePassed,
)
from orders.domain.order import MAX_LINES, Order, Status, decide, place
from orders.domain.values import Line, Money

PENDING = placed()
RESERVED = replace(PENDING, status=Status.RESERVED)
PAID = replace(PENDING, paid=True)
CONFIRMED = replace(PENDING, status=Status.CONFIRMED, paid=True)
CANCELLED = replace(PENDING, status=Status.CANCELLED, reason="sold out")
REQUEST = PaymentRequested("o-1", "c-1", TOTAL, "tok_visa")
CONFIRMATION = OrderConfirmed("o-1", "c-1", "a@example.com", TOTAL)
TOKEN = "payment_token must be tok_ and 1 to 60 letters, digits or underscores"
FACTS: list[Fact] = [StockReserved(), StockRejected("none"), PaymentCharged(TOTAL), PaymentDeclined("no"), TimePassed()]


def ended(reason: str) -> dict[str, object]:
    return {"status": Status.CANCELLED, "reason": reason}


def cancellation(reason: str) -> OrderCancelled:
    return OrderCancelled("o-1", "c-1", "a@example.com", reason)


def test_a_placed_order_waits_for_the_stock() -> None:
    order, events = place("o-1", "c-1", "a@example.com", iter(LINES), "tok_visa", at=NOW, patience=PATIENCE)
    assert order == Order("o-1", "c-1", "a@example.com", LINES, "tok_visa", NOW, NOW + PATIENCE, NOW)
    assert (order.status, order.paid, order.reason, order.version, order.closed) == ("pending", False, None, 0, False)
    assert events == (OrderPlaced("o-1", "c-1", "a@example.com", LINES, TOTAL, "tok_visa"),)


@pytest.mark.parametrize(
    ("before", "fact", "changes", "events"),
    [
        (PENDING, StockReserved(), {"status": Status.RESERVED}, [REQUEST]),
        (PENDING, StockRejected("sold out"), ended("sold out"), [cancellation("sold out")]),
        (PENDING, PaymentCharged(TOTAL), {"paid": True}, []),
        (PENDING, PaymentDeclined("no"), ended("no"), [cancellation("no")]),
        (PAID, StockReserved(), {"status": Status.CONFIRMED}, [CONFIRMATION]),
        (PAID, StockRejected("sold out"), ended("sold out"), [cancellation("sold out")]),
        (RESERVED, PaymentCharged(TOTAL), {"status": Status.CONFIRMED, "paid": True}, [CONFIRMATION]),
        (RESERVED, PaymentDeclined("no"), ended("no"), [cancellation("no")]),
        (RESERVED, StockRejected("x"), ended("x"), [cancellation("x")]),
        *(
            (before, PaymentCharged(amount), ended("wrong-amount"), [cancellation("wrong-amount")])
            for before in (PENDING, RESERVED, PAID)
            for amount in (Money(2998, "EUR"), Money(3000, "EUR"), Money(2999, "USD"))
        ),
    ],
)
def test_a_fact_that_changes_an_order(
    before: Order, fact: Fact, changes: dict[str, object], events: list[Event]
) -> None:
    after, told = decide(before, fact, LATER)
    assert after == replace(before, **changes, updated_at=LATER)  # type: ignore[arg-type]
    assert list(told) == events


@pytest.mark.parametrize(
    ("order", "fact"),
    [
        (RESERVED, StockReserved()),
        (PAID, PaymentCharged(TOTAL)),
        *((order, TimePassed()) for order in (PENDING, RESERVED, PAID)),
        *((order, fact) for order in (CONFIRMED, CANCELLED) for fact in FACTS),
    ],
)
def test_a_fact_that_changes_nothing(order: Order, fact: Fact) -> None:
    after, told = decide(order, fact, LATER)
    assert after is order
    assert told == ()


@pytest.mark.parametrize("order", [PENDING, RESERVED, PAID])
def test_the_deadline(order: Order) -> None:
    just_before = decide(order, TimePassed(), order.deadline - timedelta(microseconds=1))
    assert just_before == (order, ())
    after, told = decide(order, TimePassed(), order.deadline)
    assert after == replace(order, **ended("timeout"), updated_at=order.deadline)  # type: ignore[arg-type]
    assert told == (cancellation("timeout"),)


@pytest.mark.parametrize("order", [CONFIRMED, CANCELLED])
def test_the_end_is_the_end_even_past_the_deadline(order: Order) -> None:
    assert order.closed
    assert decide(order, TimePassed(), order.deadline + PATIENCE) == (order, ())


def many(count: int) -> tuple[Line, ...]:
    return tuple(Line(f"sku-{number}", 1, Money(1, "EUR")) for number in range(count))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"order_id": ""}, "order_id and customer_id must not be blank"),
        ({"customer_id": " "}, "order_id and customer_id must not be blank"),
        ({"payment_token": "tok_"}, TOKEN),
        ({"email": "a.example.com"}, "email must be an address such as a@example.com"),
        ({"email": "a b@example.com"}, "email must be an address such as a@example.com"),
        ({"lines": ()}, "an order has 1 to 50 lines, got 0"),
        ({"lines": many(MAX_LINES + 1)}, "an order has 1 to 50 lines, got 51"),
        ({"lines": (*many(1), *many(1))}, "each sku must be in one line only: sum up its quantities"),
        ({"lines": (Line("free", 1, Money(0, "EUR")),)}, "the total must be more than 0"),
        ({"payment_token": "4242 4242 4242 4242"}, TOKEN),
        ({"payment_token": "tok_" + 61 * "x"}, TOKEN),
    ],
)
def test_what_no_order_can_be(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        placed(**changes)


def test_the_bounds_of_an_order() -> None:
    assert [placed(lines=many(count)).total.amount for count in (1, MAX_LINES)] == [1, 50]
    assert placed(lines=(Line("cent", 1, Money(1, "EUR")),), payment_token="tok_" + 60 * "x").total == Money(1, "EUR")
