"""Whatever happens to messages on their way, an order ends once, in one way, and is paid for at most once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from samples import NOW, PATIENCE, TOTAL, placed

from orders.domain.messages import (
    Event,
    Fact,
    OrderCancelled,
    OrderConfirmed,
    PaymentCharged,
    PaymentDeclined,
    PaymentRequested,
    StockRejected,
    StockReserved,
    TimePassed,
)
from orders.domain.order import Order, Status, decide
from orders.domain.values import Money

facts = st.one_of(
    st.just(StockReserved()),
    st.builds(StockRejected, st.text(min_size=1)),
    st.builds(PaymentCharged, st.sampled_from([TOTAL, Money(1, "EUR"), Money(TOTAL.amount, "USD")])),
    st.builds(PaymentDeclined, st.text(min_size=1)),
    st.just(TimePassed()),
)
times = st.timedeltas(timedelta(), 2 * PATIENCE).map(lambda after: NOW + after)
histories = st.lists(st.tuples(facts, times), max_size=30)


def run(history: Sequence[tuple[Fact, datetime]]) -> tuple[Order, list[Event], list[Order]]:
    order, told, states = placed(), [], [placed()]
    for fact, at in history:
        order, events = decide(order, fact, at)
        told += events
        states.append(order)
    return order, told, states


@given(histories)
def test_every_order_ends_in_one_way(history: list[tuple[Fact, datetime]]) -> None:
    order, told, states = run([*history, (TimePassed(), NOW + PATIENCE)])
    ends = [event for event in told if isinstance(event, OrderConfirmed | OrderCancelled)]
    assert order.closed
    assert len(ends) == 1
    assert isinstance(ends[0], OrderConfirmed) == (order.status is Status.CONFIRMED)
    closed = [state for state in states if state.closed]
    assert all(state == closed[0] for state in closed), "changed after its end"


@given(histories)
def test_payment_is_requested_at_most_once_and_for_the_total(history: list[tuple[Fact, datetime]]) -> None:
    _, told, _ = run(history)
    assert [event.amount for event in told if isinstance(event, PaymentRequested)] in ([], [TOTAL])


@given(histories)
def test_only_what_is_reserved_and_paid_is_confirmed(history: list[tuple[Fact, datetime]]) -> None:
    order, _, _ = run(history)
    heard = {fact for fact, _ in history}
    if order.status is Status.CONFIRMED:
        assert {StockReserved(), PaymentCharged(TOTAL)} <= heard


@given(histories)
def test_hearing_everything_twice_changes_nothing(history: list[tuple[Fact, datetime]]) -> None:
    twice = [entry for entry in history for _ in range(2)]
    assert run(twice)[:2] == run(history)[:2]


@given(st.data())
def test_a_good_story_in_any_order_is_confirmed(data: st.DataObject) -> None:
    """Reserved and charged, each as often as it likes and in any order, before the deadline."""
    messages: list[Fact] = [StockReserved(), PaymentCharged(TOTAL)] * data.draw(st.integers(1, 4))
    story = data.draw(st.permutations(messages))
    order, told, _ = run([(fact, NOW) for fact in story])
    assert order.status is Status.CONFIRMED
    assert sum(isinstance(event, OrderConfirmed) for event in told) == 1
