"""The store on a real Postgres: conflicts are seen, transactions are whole, levels hold under contention."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest
from memory import Counts
from samples import cancelled, confirmed, order_ids, placed
from shopkit.database import Database

from stock.adapters.events import handle
from stock.adapters.postgres import PostgresStore
from stock.application.ports import ConflictError
from stock.application.stock import Stock
from stock.domain.levels import Level
from stock.domain.reservations import Line, Reservation, State, cancel, place


async def outbox(database: Database) -> list[str]:
    async with database.transaction() as connection:
        rows = await connection.execute("select type from outbox order by id")
        return [type_ for (type_,) in await rows.fetchall()]


async def test_seed_leaves_what_there_is(store: PostgresStore) -> None:
    assert await store.all() == [Level("mug", 5, 0, 0, 1), Level("saw", 3, 0, 0, 1)]


async def test_who_is_slower_conflicts(store: PostgresStore) -> None:
    async with store.transaction() as work:
        stale = (await work.levels(["mug"]))["mug"]
        await work.save(stale.receive(1))
    with pytest.raises(ConflictError, match="the level of mug moved"):
        async with store.transaction() as work:
            await work.save(stale.receive(1))
    with pytest.raises(ConflictError, match="the level of saw moved"):
        async with store.transaction() as work:
            await work.save(Level("saw", 9))
    assert [level.available for level in await store.all()] == [6, 3]


async def test_a_reservation_is_made_once_and_moves_from_the_state_it_was_read_in(
    store: PostgresStore, database: Database
) -> None:
    [order] = order_ids(1)
    lines = [Line("saw", 1), Line("mug", 2)]
    async with store.transaction() as work:
        made = place(None, order, lines, await work.levels(["mug", "saw"]))
        assert made is not None
        await work.apply(made)
        held = await work.reservation(order)
    assert held == Reservation(order, State.RESERVED, (Line("mug", 2), Line("saw", 1)))
    with pytest.raises(ConflictError, match=f"the reservation of order {order} moved"):
        async with store.transaction() as work:
            await work.apply(made)
    freed = cancel(held, order, "declined", {level.sku: level for level in await store.all()})
    assert freed is not None
    async with store.transaction() as work:
        await work.apply(freed)
    with pytest.raises(ConflictError):
        async with store.transaction() as work:
            await work.apply(freed)
    assert await outbox(database) == ["stock.reserved.v1", "stock.released.v1"]
    assert [(level.available, level.reserved, level.version) for level in await store.all()] == [(5, 0, 3), (3, 0, 3)]


async def test_a_transaction_is_whole(store: PostgresStore, database: Database) -> None:
    [order] = order_ids(1)

    async def fails() -> None:
        async with store.transaction() as work:
            assert await work.first_time("cause")
            change = place(None, order, [Line("mug", 1)], await work.levels(["mug"]))
            assert change is not None
            await work.apply(change)
            raise RuntimeError("the process dies here")

    with pytest.raises(RuntimeError):
        await fails()
    async with store.transaction() as work:
        assert await work.first_time("cause")
        assert not await work.first_time("cause")
        assert await work.reservation(order) is None
    assert (await outbox(database), (await store.all())[0].available) == ([], 5)


async def test_the_database_itself_holds_no_less_than_nothing(store: PostgresStore, database: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        async with database.transaction() as connection:
            await connection.execute("update levels set available = available - 6 where sku = 'mug'")


async def test_twenty_at_once_for_the_last_five(store: PostgresStore, database: Database) -> None:
    counts = Counts()
    stock = Stock(store, counts, attempts=50)
    orders = order_ids(20)
    await asyncio.gather(*(handle(stock, placed(order, {"mug": 1})) for order in orders))
    assert sorted(counts.outcomes) == ["rejected"] * 15 + ["reserved"] * 5
    assert counts.conflicts > 0, "nothing contended: the test proves nothing"
    reserved = await held(database, State.RESERVED)
    events: list[Any] = [confirmed(order) for order in reserved] + [cancelled(order) for order in orders]
    await asyncio.gather(*(handle(stock, event) for event in events[:5]))
    await asyncio.gather(*(handle(stock, event) for event in events))
    level = (await store.all())[0]
    assert (level.available, level.reserved, level.sold) == (0, 0, 5)


async def held(database: Database, state: State) -> list[str]:
    async with database.transaction() as connection:
        rows = await connection.execute("select order_id::text from reservations where state = %s", (state,))
        return [order for (order,) in await rows.fetchall()]
