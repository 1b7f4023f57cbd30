"""The audit finds what is wrong, each by its name, and nothing in books that agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.shop.facts import Charge, Event, Facts, Level, Order, Reservation
from tests.shop.judge import findings
from tests.shop.programs import assemble

A, B, C = (f"0190b1f0-0000-7000-8000-00000000000{letter}" for letter in "abc")
UNIT = {"amount": 900, "currency": "EUR"}
LINE, PIECES = {"sku": "enamel-mug", "quantity": 2, "unit_price": UNIT}, [["enamel-mug", 2]]
SENT = [{"unsent": 0}]
FOUND: dict[str, Any] = {
    "stream": {
        "events": [
            ["1", "orders.order-placed.v1", A],
            ["1", "orders.order-placed.v1", A],
            ["2", "stock.reserved.v1", A],
            ["3", "orders.order-confirmed.v1", A],
            ["4", "orders.order-placed.v1", B],
            ["5", "orders.order-cancelled.v1", B],
            ["6", "orders.order-placed.v1", C],
            ["7", "orders.order-cancelled.v1", C],
            ["8", "catalog.price-changed.v1", "enamel-mug"],
        ],
        "dead": {"payments": 1},
    },
    "orders": {
        "rows": [
            {"order_id": A, "status": "confirmed", "lines": [LINE]},
            {"order_id": B, "status": "cancelled", "lines": [LINE]},
            {"order_id": C, "status": "cancelled", "lines": [LINE]},
        ],
        "unsent": SENT,
    },
    "payments": {
        "rows": [
            {"order_id": A, "state": "charged", "amount": 1800, "charge_id": "a"},
            {"order_id": B, "state": "refunded", "amount": 1800, "charge_id": "b"},
            {"order_id": C, "state": "declined", "amount": 1800, "charge_id": None},
        ],
        "unsent": SENT,
    },
    "provider": {
        "charges": [
            {"key": A, "reference": A, "status": "charged", "amount": 1800, "charge_id": "a"},
            {"key": B, "reference": B, "status": "refunded", "amount": 1800, "charge_id": "b"},
            {"key": C, "reference": C, "status": "declined", "amount": 1800, "charge_id": None},
        ]
    },
    "stock": {
        "levels": [{"sku": "enamel-mug", "available": 98, "reserved": 0, "sold": 2}],
        "rows": [
            {"order_id": A, "state": "committed", "lines": PIECES},
            {"order_id": B, "state": "released", "lines": PIECES},
            {"order_id": C, "state": "released", "lines": PIECES},
        ],
        "unsent": SENT,
    },
    "notifications": {
        "rows": [
            {"order_id": A, "kind": "order-confirmed", "delivery": "sent"},
            {"order_id": B, "kind": "order-cancelled", "delivery": "sent"},
            {"order_id": C, "kind": "order-cancelled", "delivery": "sent"},
            {"order_id": B, "kind": "payment-refunded", "delivery": "pending"},
        ],
        "unsent": SENT,
    },
    "orderview": {
        "generation": [{"number": 1}],
        "rows": [
            {"order_id": A, "status": "confirmed"},
            {"order_id": B, "status": "cancelled"},
            {"order_id": C, "status": "cancelled"},
        ],
    },
    "sink": {"mails": [], "total": 3, "copies": 1},
}
GOOD = assemble(FOUND)
LINES = {"enamel-mug": 2}
Change = Callable[[Facts], Facts]


def test_books_that_agree() -> None:
    assert findings(GOOD, {"k": [A], "l": [B]}, {"enamel-mug": 100}) == []
    assert GOOD.settled
    assert GOOD.counts["orders"] == 3
    assert GOOD.counts["copies of mails"] == 1
    assert GOOD.dead == {"payments": 1}


def order(id: str, status: str) -> Change:
    changed = Order(id, status, 1800, LINES)
    return lambda facts: replace(facts, orders=[changed if one.id == id else one for one in facts.orders])


def without(id: str) -> Change:
    return lambda facts: replace(facts, orders=[one for one in facts.orders if one.id != id])


def events(*added: Event, drop: str = "") -> Change:
    return lambda facts: replace(
        facts, events=[*(one for one in facts.events if (one.type, one.subject) != (drop, A)), *added]
    )


def charges(*added: Charge, drop: str = "") -> Change:
    return lambda facts: replace(facts, provider=[*(c for c in facts.provider if c.order_id != drop), *added])


def levels(available: int, reserved: int, sold: int) -> Change:
    return lambda facts: replace(facts, levels=[Level("enamel-mug", available, reserved, sold)])


def reservation(id: str, state: str) -> Change:
    def change(facts: Facts) -> Facts:
        kept = [one for one in facts.reservations if one.order_id != id]
        return replace(facts, reservations=[*kept, Reservation(id, state, LINES)])

    return change


@pytest.mark.parametrize(
    ("change", "name", "about"),
    [
        (without(A), "order-lost", A),
        (events(drop="orders.order-placed.v1"), "order-lost", A),
        (events(Event("9", "orders.order-placed.v1", A)), "order-doubled", A),
        (order(A, "pending"), "order-unfinished", A),
        (events(Event("9", "orders.order-cancelled.v1", A)), "end-told-wrong", A),
        (events(drop="orders.order-confirmed.v1"), "end-told-wrong", A),
        (charges(Charge(A, "charged", 1800, "z")), "charge-doubled", A),
        (charges(drop=A), "charge-missing", A),
        (charges(Charge(A, "refunded", 1800, "a"), drop=A), "charge-missing", A),
        (charges(Charge(A, "charged", 900, "a"), drop=A), "charge-wrong", A),
        (charges(Charge(B, "charged", 1800, "b"), drop=B), "charge-kept", B),
        (charges(Charge("nobody", "charged", 1800, "n")), "charge-unknown", "nobody"),
        (charges(Charge(C, "charged", 1800, "c"), drop=C), "charge-books", C),
        (levels(98, 1, 1), "stock-books", "enamel-mug"),
        (levels(99, 0, 2), "stock-not-conserved", "enamel-mug"),
        (lambda facts: replace(facts, levels=[]), "stock-not-conserved", "enamel-mug"),
        (levels(-1, 0, 2), "stock-oversold", "enamel-mug"),
        (reservation(A, "released"), "stock-wrong", A),
        (reservation(B, "committed"), "stock-wrong", B),
        (lambda facts: replace(facts, views={**facts.views, A: "pending"}), "view-differs", A),
        (lambda facts: replace(facts, mails=[]), "mail-missing", A),
        (lambda facts: replace(facts, unsent={"orders": 3}), "event-untold", "orders"),
    ],
)
def test_what_is_wrong_is_named(change: Change, name: str, about: str) -> None:
    found = findings(change(GOOD), {}, {"enamel-mug": 100})
    assert (name, about) in {(one.name, one.about) for one in found}


def test_what_customers_were_told_is_held_against_the_books() -> None:
    lost = findings(GOOD, {"k": ["gone"]})
    assert [(one.name, one.about) for one in lost] == [("order-lost", "gone")]
    doubled = findings(GOOD, {"k": [A, B]})
    assert [(one.name, one.about) for one in doubled] == [("order-doubled", "key k")]


@pytest.mark.parametrize(
    "change",
    [
        order(A, "reserved"),
        reservation(A, "reserved"),
        lambda facts: replace(facts, views={}),
        lambda facts: replace(facts, mails=[]),
        lambda facts: replace(facts, unsent={"stock": 1}),
        lambda facts: replace(facts, payments=[Charge(A, "reversing", 1800, "a")]),
    ],
)
def test_what_is_under_way_is_waited_for(change: Change) -> None:
    assert not change(GOOD).settled
