"""Levels and reservations: each decision in each state, and what holds under any sequence of them."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from stock.domain.levels import Level
from stock.domain.reservations import (
    Change,
    Committed,
    Line,
    Missing,
    Rejected,
    Released,
    Reservation,
    Reserved,
    State,
    UnknownReservationError,
    cancel,
    confirm,
    place,
)

LEVELS = {"mug": Level("mug", 5, 1, 2, 7), "saw": Level("saw", 1)}
LINES = (Line("mug", 2), Line("saw", 1))


def test_place_reserves_every_line() -> None:
    change = place(None, "o1", [Line("saw", 1), Line("mug", 1), Line("mug", 1)], LEVELS)
    assert change == Change(
        Reservation("o1", State.RESERVED, LINES),
        None,
        (Level("mug", 3, 3, 2, 7), Level("saw", 0, 1)),
        Reserved("o1", LINES),
    )


def test_place_takes_nothing_if_one_line_falls_short() -> None:
    change = place(None, "o1", [Line("mug", 2), Line("saw", 2), Line("axe", 1)], LEVELS)
    assert change is not None
    assert (change.reservation.state, change.levels) == (State.REJECTED, ())
    assert change.fact == Rejected("o1", "out of stock", (Missing("axe", 1, 0), Missing("saw", 2, 1)))


def test_an_order_has_lines_and_a_line_has_pieces() -> None:
    with pytest.raises(ValueError, match="order o1 has no lines"):
        place(None, "o1", [], LEVELS)
    with pytest.raises(ValueError, match="quantity must be at least 1, got 0"):
        Line("mug", 0)


HELD = {"mug": Level("mug", 3, 2), "saw": Level("saw", 0, 1)}


def test_confirm_sells_what_was_reserved() -> None:
    change = confirm(Reservation("o1", State.RESERVED, LINES), "o1", HELD)
    assert change == Change(
        Reservation("o1", State.COMMITTED, LINES),
        State.RESERVED,
        (Level("mug", 3, 0, 2), Level("saw", 0, 0, 1)),
        Committed("o1"),
    )
    with pytest.raises(UnknownReservationError, match="order o1 is confirmed but was never placed"):
        confirm(None, "o1", HELD)


def test_cancel_frees_what_was_reserved() -> None:
    change = cancel(Reservation("o1", State.RESERVED, LINES), "o1", "declined", HELD)
    assert change == Change(
        Reservation("o1", State.RELEASED, LINES),
        State.RESERVED,
        (Level("mug", 5), Level("saw", 1)),
        Released("o1", "declined"),
    )


def test_cancel_before_place_leaves_a_tombstone() -> None:
    tombstone = cancel(None, "o1", "timeout", {})
    assert tombstone == Change(Reservation("o1", State.CANCELLED), None, (), None)
    assert place(tombstone.reservation, "o1", LINES, LEVELS) is None


@pytest.mark.parametrize("state", set(State) - {State.RESERVED})
def test_what_is_over_stays_over(state: State) -> None:
    known = Reservation("o1", state, LINES)
    assert place(known, "o1", LINES, LEVELS) is None
    assert confirm(known, "o1", LEVELS) is None
    assert cancel(known, "o1", "again", LEVELS) is None


def test_a_level_never_falls_below_zero() -> None:
    for act, name in ((Level.reserve, "available"), (Level.release, "reserved"), (Level.commit, "reserved")):
        with pytest.raises(ValueError, match=f"level of mug: {name} must not be negative, got -1"):
            act(Level("mug", 0), 1)
    with pytest.raises(ValueError, match="quantity must be at least 1"):
        Level("mug", 0).receive(0)


LISTS = st.lists(st.builds(Line, st.sampled_from("abc"), st.integers(1, 3)), min_size=1, max_size=4)


class Reservations(RuleBasedStateMachine):
    """Any sequence of orders, confirmations, cancellations and deliveries, each also twice and out of order."""

    orders: Bundle[str] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.levels = {sku: Level(sku, 4) for sku in "ab"}
        self.received = 8
        self.known: dict[str, Reservation] = {}

    def take(self, change: Change | None) -> None:
        if change:
            self.known[change.reservation.order_id] = change.reservation
            self.levels.update({level.sku: level for level in change.levels})

    @rule(target=orders)
    def name(self) -> str:
        return f"o{len(self.known)}"

    @rule(
        order=orders, lines=st.lists(st.builds(Line, st.sampled_from("abc"), st.integers(1, 3)), min_size=1, max_size=4)
    )
    def placed(self, order: str, lines: list[Line]) -> None:
        self.take(place(self.known.get(order), order, lines, self.levels))

    @rule(order=orders)
    def confirmed(self, order: str) -> None:
        if order in self.known:
            self.take(confirm(self.known[order], order, self.levels))

    @rule(order=orders)
    def cancelled(self, order: str) -> None:
        self.take(cancel(self.known.get(order), order, "any", self.levels))

    @rule(sku=st.sampled_from("ab"), quantity=st.integers(1, 3))
    def delivered(self, sku: str, quantity: int) -> None:
        self.levels[sku] = self.levels[sku].receive(quantity)
        self.received += quantity

    @invariant()
    def pieces_are_neither_made_nor_lost(self) -> None:
        assert sum(level.total for level in self.levels.values()) == self.received

    @invariant()
    def levels_are_what_orders_hold(self) -> None:
        for sku, level in self.levels.items():
            held = {
                state: sum(
                    line.quantity
                    for reservation in self.known.values()
                    if reservation.state is state
                    for line in reservation.lines
                    if line.sku == sku
                )
                for state in (State.RESERVED, State.COMMITTED)
            }
            assert (level.reserved, level.sold) == (held[State.RESERVED], held[State.COMMITTED])


TestReservations = Reservations.TestCase
