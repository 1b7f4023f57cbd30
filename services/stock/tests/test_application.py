"""The use cases under any interleaving; the store in memory yields between any two steps."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import Counts, MemoryStore

from stock.application.stock import ContendedError, Stock, UnknownSkuError
from stock.domain.levels import Level
from stock.domain.reservations import Committed, Line, Rejected, Released, Reserved, State

EVENTS = st.lists(
    st.tuples(st.sampled_from(("place", "confirm", "cancel")), st.integers(0, 4), st.integers(1, 3), st.booleans()),
    min_size=1,
    max_size=12,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_any_interleaving_keeps_every_piece(events: list[tuple[str, int, int, bool]], shuffle: Random) -> None:
    store = MemoryStore(Level("a", 3), Level("b", 2))
    stock = Stock(store, Counts(), attempts=100, pause=0)

    async def one(number: int, what: str, order: int, quantity: int) -> None:
        order_id = f"o{order}"
        if what == "place":
            await stock.place(f"e{number}", order_id, [Line("b", 1), Line("a", quantity)])
        elif what == "cancel":
            await stock.cancel(f"e{number}", order_id, "any")
        elif order_id in store.reservations:
            await stock.confirm(f"e{number}", order_id)
        for level in store.levels.values():
            assert min(level.available, level.reserved, level.sold) >= 0

    order = [event for number, event in enumerate(events) for event in [(number, *event[:3])] * (2 if event[3] else 1)]
    shuffle.shuffle(order)

    async def all_at_once() -> None:
        await asyncio.gather(*(one(*event) for event in order))

    asyncio.run(all_at_once())
    assert {sku: level.total for sku, level in store.levels.items()} == {"a": 3, "b": 2}
    for sku, level in store.levels.items():
        for state, pieces in ((State.RESERVED, level.reserved), (State.COMMITTED, level.sold)):
            lines = [line for held in store.reservations.values() if held.state is state for line in held.lines]
            assert sum(line.quantity for line in lines if line.sku == sku) == pieces
    assert len(store.facts) == len(set(store.facts)), "a fact was announced twice"


async def test_one_life_of_an_order() -> None:
    store, counts = MemoryStore(Level("a", 3)), Counts()
    stock = Stock(store, counts)
    await stock.place("e1", "o1", [Line("a", 2)])
    await stock.place("e1", "o1", [Line("a", 2)])
    await stock.place("e2", "o2", [Line("a", 2)])
    await stock.confirm("e3", "o1")
    await stock.cancel("e4", "o1", "too late")
    assert store.levels["a"] == Level("a", 1, 0, 2, 2)
    assert [type(fact) for fact in store.facts] == [Reserved, Rejected, Committed]
    assert counts.outcomes == ["reserved", "repeated", "rejected", "committed", "repeated"]


async def test_a_cancelled_order_gives_back_and_a_tombstone_holds() -> None:
    store = MemoryStore(Level("a", 3))
    stock = Stock(store, Counts())
    await stock.place("e1", "o1", [Line("a", 2)])
    await stock.cancel("e2", "o1", "declined")
    await stock.cancel("e3", "o2", "timeout")
    await stock.place("e4", "o2", [Line("a", 2)])
    assert (store.levels["a"].available, store.facts[1:]) == (3, [Released("o1", "declined")])


async def test_attempts_are_bounded() -> None:

    store, counts = MemoryStore(Level("a", 3)), Counts()
    stock = Stock(store, counts, attempts=3, pause=0)

    async def rival() -> None:
        while True:
            store.levels["a"] = replace(store.levels["a"], version=store.levels["a"].version + 1)
            await asyncio.sleep(0)

    busy = asyncio.create_task(rival())
    with pytest.raises(ContendedError, match="lost 3 attempts in a row"):
        await stock.place("e1", "o1", [Line("a", 1)])
    busy.cancel()
    assert counts.conflicts == 3
    assert (store.levels["a"].available, store.reservations, store.facts) == (3, {}, [])


async def test_goods_come_in_once_a_key() -> None:
    stock = Stock(MemoryStore(Level("a", 3)), Counts())
    assert (await stock.receive("a", 2)).available == 5
    assert (await stock.receive("a", 2, "delivery-1")).available == 7
    assert (await stock.receive("a", 2, "delivery-1")).available == 7
    assert (await stock.receive("new", 4, "delivery-1")).available == 4
    assert [level.available for level in await stock.levels(["new", "a", "none"])] == [7, 4]
    with pytest.raises(UnknownSkuError, match="no stock of none is kept"):
        await stock.level("none")
