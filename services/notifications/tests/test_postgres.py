"""The store on a real Postgres: one hand a mail, one event a mail."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from shopkit.database import Database

from notifications.adapters.postgres import PostgresStore
from notifications.application.ports import Delivery
from notifications.domain.mails import Kind, Notice, compose

ANN = "ann@example.org"


async def claim(store: PostgresStore, order: str) -> Delivery | None:
    async with store.transaction() as work:
        return await work.claim(order, Kind.CANCELLED)


async def test_one_of_many_takes_a_mail_in_hand(store: PostgresStore) -> None:
    order = str(uuid4())
    taken = await asyncio.gather(*(claim(store, order) for _ in range(8)))
    assert sorted(map(str, taken)) == ["None"] * 7 + ["pending"]


async def test_a_claim_ends_or_is_given_back(store: PostgresStore) -> None:
    order = str(uuid4())
    assert await claim(store, order) is Delivery.PENDING
    assert await claim(store, order) is None
    await asyncio.sleep(0.6)
    assert await claim(store, order) is Delivery.PENDING
    async with store.transaction() as work:
        await work.give_back(order, Kind.CANCELLED)
    assert await claim(store, order) is Delivery.PENDING


@pytest.mark.parametrize(("delivery", "told"), [(Delivery.SENT, 1), (Delivery.REFUSED, 0)])
async def test_what_became_of_a_mail_is_told_once(
    store: PostgresStore, database: Database, delivery: Delivery, told: int
) -> None:
    order = str(uuid4())
    mail = compose(Notice(order, Kind.CANCELLED), ANN, "shop.test")
    await claim(store, order)
    for _ in range(2):
        async with store.transaction() as work:
            await work.done(order, Kind.CANCELLED, delivery, mail)
    assert await claim(store, order) is delivery
    async with database.transaction() as connection:
        rows = await connection.execute("select body from outbox where type = 'notifications.mail-sent.v1'")
        bodies = [bytes(body).decode() for (body,) in await rows.fetchall()]
    assert len(bodies) == told
    assert all(ANN not in body for body in bodies)


async def test_who_is_told_is_remembered(store: PostgresStore) -> None:
    order = str(uuid4())
    async with store.transaction() as work:
        assert await work.recipient(order) is None
        await work.remember(order, ANN)
        await work.remember(order, "other@example.org")
        assert await work.recipient(order) == ANN
