"""Storage on a real Postgres: all of a step or nothing of it, and no change over another's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from heard import told
from samples import NOW, TOTAL, placed, request
from shopkit.database import Database

from orders.adapters import postgres
from orders.adapters.postgres import PostgresStorage
from orders.application.ordering import KeyReusedError, Ordering
from orders.application.ports import Claim, ConcurrentChangeError, KeyInProgressError
from orders.application.saga import Outcome, Saga
from orders.domain.messages import OrderConfirmed, PaymentCharged, StockRejected, StockReserved
from orders.domain.order import Order, Status
from orders.domain.values import Line, Money


def new(**changes: object) -> Order:
    return placed(order_id=str(uuid4()), **changes)


async def count(database: Database, table: str) -> int:
    async with database.transaction() as connection:
        rows = await connection.execute(f"select count(*) from {table}".encode())
        [number] = await rows.fetchone() or (0,)
        return int(number)


async def test_what_was_stored_is_read_back(stored: PostgresStorage) -> None:
    order = new()
    async with stored.work() as work:
        await work.add(order)
    async with stored.work() as work:
        assert await work.get(order.order_id) == order
        await work.save(replace(order, status=Status.CANCELLED, reason="timeout", updated_at=order.deadline))
    async with stored.work() as work:
        assert await work.get(order.order_id) == replace(
            order, status=Status.CANCELLED, reason="timeout", updated_at=order.deadline, version=1
        )
        assert await work.get(str(uuid4())) is None


async def test_an_order_and_its_event_are_stored_together_or_not_at_all(
    database: Database, shop: Ordering, stored: PostgresStorage
) -> None:
    receipt = await shop.place(request(), "k")
    assert await told(database) == [("orders.order-placed.v1", receipt.order_id)]
    order = new()

    async def killed_before_its_end() -> None:
        async with stored.work() as work:
            await work.claim(Claim("c-1", "k2", "f", order.order_id))
            await work.add(order)
            await work.tell(OrderConfirmed(order.order_id, "c-1", "a@example.com", TOTAL))
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await killed_before_its_end()
    assert [await count(database, table) for table in ("orders", "outbox", "idempotency_keys")] == [1, 1, 1]


async def test_an_event_that_its_schema_refuses_undoes_the_order(database: Database, shop: Ordering) -> None:
    with pytest.raises(ValueError, match="sku"):
        await shop.place(request(lines=(Line("x" * 81, 1, Money(1, "EUR")),)), "k")
    assert await count(database, "orders") == 0


@pytest.mark.usefixtures("patient")
async def test_twenty_equal_requests_at_once_make_one_order(database: Database, shop: Ordering) -> None:
    receipts = await asyncio.gather(*(shop.place(request(), "k") for _ in range(20)))
    assert len({receipt.order_id for receipt in receipts}) == 1
    assert sum(not receipt.replayed for receipt in receipts) == 1
    assert [await count(database, table) for table in ("orders", "outbox", "idempotency_keys")] == [1, 1, 1]


async def test_a_key_with_another_body_is_refused(database: Database, shop: Ordering) -> None:
    await shop.place(request(), "k")
    with pytest.raises(KeyReusedError):
        await shop.place(request(email="b@example.com"), "k")
    assert await count(database, "orders") == 1


async def test_a_request_still_under_way_is_not_waited_for_too_long(
    shop: Ordering, stored: PostgresStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_KEY_WAIT", "100ms")
    order = new()
    async with stored.work() as work:
        await work.claim(Claim("c-1", "k", "f", order.order_id))
        await work.add(order)
        with pytest.raises(KeyInProgressError, match="'k' is still under way"):
            await shop.place(request(), "k")


async def test_an_older_version_does_not_overwrite(stored: PostgresStorage) -> None:
    order = new()
    async with stored.work() as work:
        await work.add(order)
        await work.save(replace(order, status=Status.RESERVED))
    with pytest.raises(ConcurrentChangeError, match="past version 0"):
        async with stored.work() as work:
            await work.save(replace(order, status=Status.CANCELLED, reason="late"))


async def test_many_at_once_change_an_order_one_after_the_other(
    database: Database, shop: Ordering, manager: Saga
) -> None:
    """Everyone has something else to say at the same time: one end, told once."""
    order_id = (await shop.place(request(), "k")).order_id
    facts = [StockReserved(), PaymentCharged(TOTAL), StockRejected("sold out")] * 3
    outcomes = await asyncio.gather(*(manager.hear(str(uuid4()), order_id, fact) for fact in facts))
    assert Outcome.APPLIED in outcomes
    types = [type_ for type_, _ in await told(database)]
    assert sum(type_ in ("orders.order-confirmed.v1", "orders.order-cancelled.v1") for type_ in types) == 1
    assert types.count("orders.payment-requested.v1") <= 1


async def test_a_message_twice_at_once_has_one_effect(database: Database, shop: Ordering, manager: Saga) -> None:
    order_id = (await shop.place(request(), "k")).order_id
    event_id = str(uuid4())
    outcomes = await asyncio.gather(*(manager.hear(event_id, order_id, StockReserved()) for _ in range(8)))
    assert sorted(outcomes) == [Outcome.APPLIED] + 7 * [Outcome.DUPLICATE]
    assert len(await told(database)) == 2


async def test_stuck_orders_are_found_and_cancelled(stored: PostgresStorage, database: Database) -> None:
    stuck, fresh, done = new(), new(), new()
    async with stored.work() as work:
        await work.add(stuck)
        await work.add(replace(fresh, deadline=fresh.deadline + timedelta(seconds=1)))
        await work.add(replace(done, status=Status.CONFIRMED, paid=True))
    saga = Saga(stored, lambda: stuck.deadline)
    assert await stored.overdue(NOW, 10) == []
    assert await stored.open_orders() == 2
    assert sum(await asyncio.gather(saga.expire(), saga.expire())) == 1
    assert await told(database) == [("orders.order-cancelled.v1", stuck.order_id)]
    assert await stored.open_orders() == 1


async def test_old_keys_are_forgotten(database: Database, shop: Ordering, stored: PostgresStorage) -> None:
    await shop.place(request(), "old")
    async with database.transaction() as connection:
        await connection.execute("update idempotency_keys set created_at = now() - interval '8 days'")
    await shop.place(request(), "new")
    await stored.forget_keys()
    assert await count(database, "idempotency_keys") == 1


async def test_the_tables_are_made_once(database: Database, stored: PostgresStorage, shop: Ordering) -> None:
    await shop.place(request(), "k")
    await asyncio.gather(stored.migrate(), stored.migrate())
    assert await count(database, "orders") == 1
    assert await count(database, "migrations") == 2
