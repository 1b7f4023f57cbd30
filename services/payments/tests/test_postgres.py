"""The store on a real Postgres."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest

from payments.adapters.postgres import PostgresStore
from payments.domain.charges import Charge, Charged, Money, State

EUR = Money(1290, "EUR")


async def test_what_is_saved_is_read(store: PostgresStore) -> None:
    order, other, charge_id = str(uuid4()), str(uuid4()), str(uuid4())
    for charge in (
        Charge(order, amount=EUR),
        Charge(order, State.REVERSING, EUR, charge_id, "timeout"),
        Charge(other, State.VOIDED, reason="early"),
    ):
        async with store.transaction(charge.order_id) as work:
            await work.save(charge)
        async with store.transaction(charge.order_id) as work:
            assert await work.charge(charge.order_id) == charge
    counts = {state: count for state, (count, _) in (await store.unanswered()).items()}
    assert counts == {State.PENDING: 0, State.REVERSING: 1}


async def test_one_transaction_an_order_at_a_time(store: PostgresStore) -> None:
    order = str(uuid4())
    made: list[bool] = []

    async def make() -> None:
        async with store.transaction(order) as work:
            known = await work.charge(order)
            await asyncio.sleep(0.02)
            if known is None:
                await work.save(Charge(order, amount=EUR))
            made.append(known is None)

    await asyncio.gather(*(make() for _ in range(8)))
    assert made == [True] + [False] * 7


async def test_fact_and_charge_are_saved_together_or_not_at_all(store: PostgresStore) -> None:
    order, charge_id = str(uuid4()), str(uuid4())
    charge = Charge(order, State.CHARGED, EUR, charge_id)

    async def fails() -> None:
        async with store.transaction(order) as work:
            await work.save(charge, [Charged(order, charge_id, EUR)])
            await work.save(Charge(str(uuid4()), State.CHARGED, EUR, charge_id))

    with pytest.raises(psycopg.errors.UniqueViolation):
        await fails()
    async with store.transaction(order) as work:
        assert await work.charge(order) is None
        rows = await work._connection.execute("select count(*) from outbox")
        assert await rows.fetchone() == (0,)
