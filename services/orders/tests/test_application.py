"""Use cases: orders are placed once, facts applied once, conflicts tried again."""

from __future__ import annotations

from datetime import datetime
from itertools import count

import pytest
from memory import MemoryStorage
from samples import LINES, NOW, PATIENCE, TOTAL, request

from orders.application.ordering import KeyReusedError, Ordering, Receipt, UnknownOrderError
from orders.application.ports import ConcurrentChangeError
from orders.application.saga import ATTEMPTS, Outcome, Saga
from orders.domain.messages import (
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    PaymentCharged,
    PaymentRequested,
    StockReserved,
)
from orders.domain.order import Order, Status
from orders.domain.values import Money


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ordering(storage: MemoryStorage, clock: Clock) -> Ordering:
    numbers = count(1)
    return Ordering(storage, clock, lambda: f"o-{next(numbers)}", PATIENCE)


@pytest.fixture
def ended() -> list[Order]:
    return []


@pytest.fixture
def saga(storage: MemoryStorage, clock: Clock, ended: list[Order]) -> Saga:
    return Saga(storage, clock, ended.append)


async def test_an_order_is_placed(ordering: Ordering, storage: MemoryStorage) -> None:
    assert await ordering.place(request(total=TOTAL), "k") == Receipt("o-1")
    order = await ordering.order("o-1")
    assert (order.status, order.total, order.deadline) == (Status.PENDING, TOTAL, NOW + PATIENCE)
    assert storage.state.told == [OrderPlaced("o-1", "c-1", "a@example.com", LINES, TOTAL, "tok_visa")]


async def test_the_same_request_again_is_answered_as_before(ordering: Ordering, storage: MemoryStorage) -> None:
    await ordering.place(request(), "k")
    assert await ordering.place(request(), "k") == Receipt("o-1", replayed=True)
    assert len(storage.state.orders) == len(storage.state.told) == 1


async def test_keys_are_a_customers_own(ordering: Ordering) -> None:
    await ordering.place(request(), "k")
    assert not (await ordering.place(request(customer_id="c-2"), "k")).replayed
    assert not (await ordering.place(request(), "k2")).replayed


async def test_a_key_with_another_body_is_refused(ordering: Ordering, storage: MemoryStorage) -> None:
    await ordering.place(request(), "k")
    with pytest.raises(KeyReusedError, match="'k' came before with another body: use a new key"):
        await ordering.place(request(payment_token="tok_other"), "k")
    assert len(storage.state.orders) == 1


async def test_a_total_that_is_not_the_sum_is_refused(ordering: Ordering, storage: MemoryStorage) -> None:
    with pytest.raises(ValueError, match="total must be the sum of the lines, 2999 EUR, got 1 EUR"):
        await ordering.place(request(total=Money(1, "EUR")), "k")
    assert not storage.state.claims


async def test_an_unknown_order(ordering: Ordering, saga: Saga, storage: MemoryStorage) -> None:
    with pytest.raises(UnknownOrderError):
        await ordering.order("o-9")
    with pytest.raises(UnknownOrderError):
        await saga.hear("e-1", "o-9", StockReserved())
    assert not storage.state.heard, "a fact that was not applied was not heard"


async def test_the_saga_leads_to_confirmed(
    ordering: Ordering, saga: Saga, storage: MemoryStorage, ended: list[Order]
) -> None:
    await ordering.place(request(), "k")
    heard = [
        await saga.hear("e-1", "o-1", StockReserved()),
        await saga.hear("e-1", "o-1", StockReserved()),
        await saga.hear("e-2", "o-1", StockReserved()),
        await saga.hear("e-3", "o-1", PaymentCharged(TOTAL)),
    ]
    assert heard == [Outcome.APPLIED, Outcome.DUPLICATE, Outcome.IGNORED, Outcome.APPLIED]
    assert [type(event) for event in storage.state.told] == [OrderPlaced, PaymentRequested, OrderConfirmed]
    assert storage.state.orders["o-1"].version == 2
    assert [(order.order_id, order.status) for order in ended] == [("o-1", Status.CONFIRMED)]


async def test_a_lost_race_is_run_again(ordering: Ordering, saga: Saga, storage: MemoryStorage) -> None:
    await ordering.place(request(), "k")
    storage.losses = ["lost"] * (ATTEMPTS - 1)
    assert await saga.hear("e-1", "o-1", StockReserved()) is Outcome.APPLIED
    assert len(storage.state.told) == 2


async def test_races_lost_all_the_time_leave_the_fact_unheard(
    ordering: Ordering, saga: Saga, storage: MemoryStorage
) -> None:
    await ordering.place(request(), "k")
    storage.losses = ["lost"] * ATTEMPTS
    with pytest.raises(ConcurrentChangeError):
        await saga.hear("e-1", "o-1", StockReserved())
    assert not storage.state.heard


async def test_stuck_orders_are_cancelled_once(
    ordering: Ordering, saga: Saga, storage: MemoryStorage, clock: Clock
) -> None:
    for key in ("k1", "k2", "k3"):
        await ordering.place(request(), key)
    await saga.hear("e-1", "o-2", StockReserved())
    await saga.hear("e-2", "o-2", PaymentCharged(TOTAL))
    assert await saga.expire() == 0
    clock.now = NOW + PATIENCE
    assert (await saga.expire(), await saga.expire()) == (2, 0)
    ends = [(event.order_id, event.reason) for event in storage.state.told if isinstance(event, OrderCancelled)]
    assert ends == [("o-1", "timeout"), ("o-3", "timeout")]
