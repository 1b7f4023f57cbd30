"""The adapters of Postgres and Redis at the real programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from conftest import PRODUCTS
from redis.asyncio import Redis
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.events import Event
from shopkit.metrics import Metrics
from shopkit.outbox import Relay
from shopkit.resilience import Breaker
from shopkit.testing.programs import Program

from catalog.adapters.postgres import PostgresStore
from catalog.adapters.redis import RedisLevel, connect
from catalog.application import Catalog, LevelDownError, StoreDownError, UnknownProductError
from catalog.domain import Money

[POT, MILL, SAW] = PRODUCTS


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, wait_seconds=1) as database:
        yield database


@pytest.fixture
async def store(database: Database) -> PostgresStore:
    store = PostgresStore(database)
    await store.begin(PRODUCTS)
    return store


async def told(database: Database) -> list[Event]:
    """What waits in the outbox."""
    async with database.transaction() as connection:
        rows = await (await connection.execute("select body from outbox order by id")).fetchall()
    return [Event.decode(bytes(body)) for (body,) in rows]


async def test_products_come_back_as_they_were(store: PostgresStore) -> None:
    assert sorted(await store.all(), key=lambda p: p.sku) == sorted(PRODUCTS, key=lambda p: p.sku)
    assert [await store.get("saw"), await store.get("axe")] == [SAW, None]


async def test_a_store_begins_once(database: Database) -> None:
    stores = [PostgresStore(database) for _ in range(4)]
    assert not await stores[0].ready()
    await asyncio.gather(*(store.begin(PRODUCTS) for store in stores))
    await Catalog(stores[0]).reprice("saw", Money(1, "EUR"))
    await PostgresStore(database).begin(PRODUCTS)
    assert [len(await stores[1].all()), (await Catalog(stores[1]).product("saw")).price.amount] == [3, 1]
    assert await stores[0].ready()


async def test_a_change_and_word_of_it_are_one(store: PostgresStore, database: Database) -> None:
    catalog = Catalog(store)
    assert (await catalog.reprice("saw", Money(2500, "EUR"))).price == Money(2500, "EUR")
    await catalog.reprice("saw", Money(2500, "EUR"))
    await catalog.describe("saw", name="Hand saw")
    with pytest.raises(ValueError, match="USD"):
        await catalog.reprice("saw", Money(1, "USD"))
    with pytest.raises(UnknownProductError):
        await catalog.reprice("axe", Money(1, "EUR"))
    price, name = await told(database)
    assert (price.type, price.source, price.subject) == ("catalog.price-changed.v1", "catalog", "saw")
    assert price.data == {
        "sku": "saw",
        "price": {"amount": 2500, "currency": "EUR"},
        "previous": {"amount": 2890, "currency": "EUR"},
    }
    assert (name.type, name.data) == ("catalog.product-changed.v1", {"sku": "saw"})


async def test_no_word_without_the_change(store: PostgresStore, database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("alter table products add check (amount <> 666)")
    with pytest.raises(Exception, match="violates check constraint"):
        await Catalog(store).reprice("saw", Money(666, "EUR"))
    assert await told(database) == []


async def test_of_changes_at_once_each_says_what_was_before(store: PostgresStore, database: Database) -> None:
    await asyncio.gather(*(Catalog(store).reprice("saw", Money(n, "EUR")) for n in range(1, 9)))
    amounts = [(e.data["previous"]["amount"], e.data["price"]["amount"]) for e in await told(database)]
    assert len(amounts) == 8
    assert [previous for previous, _ in amounts] == [2890, *(price for _, price in amounts[:-1])]


async def test_the_relay_tells_the_broker(store: PostgresStore, database: Database, broker: Broker) -> None:
    heard: asyncio.Queue[Event] = asyncio.Queue()
    listening = asyncio.create_task(broker.subscribe_ephemeral(["catalog.price-changed.v1"], heard.put))
    await asyncio.sleep(0.3)
    relaying = asyncio.create_task(Relay(database, broker, Metrics("catalog")).run())
    await Catalog(store).reprice("saw", Money(2500, "EUR"))
    event = await asyncio.wait_for(heard.get(), 5)
    assert event.subject == "saw"
    for task in (listening, relaying):
        task.cancel()


async def test_a_database_that_is_gone_is_said_so(postgres_server: Program) -> None:
    async with Database("postgresql://postgres@127.0.0.1:9/none", wait_seconds=0.2) as database:
        store = PostgresStore(database)
        assert not await store.ready()
        for ask in (store.all(), store.get("saw"), store.begin(PRODUCTS)):
            with pytest.raises(StoreDownError):
                await ask


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url, "")
    yield client
    await client.aclose()


def level(client: Redis, fresh: float = 30, stale: float = 30) -> RedisLevel:
    return RedisLevel(client, Breaker("redis", 2, 0.2, Metrics("catalog")), fresh, stale)


async def test_a_copy_is_fresh_then_served_then_gone(redis: Redis) -> None:
    shared = level(redis, 0.2, 0.3)
    await shared.write("products", (POT, SAW), (await shared.read("products")).version)
    copy = await shared.read("products")
    assert (copy.products, copy.fresh) == ((POT, SAW), True)
    await asyncio.sleep(0.25)
    copy = await shared.read("products")
    assert (copy.products, copy.fresh) == ((POT, SAW), False)
    await asyncio.sleep(0.3)
    assert (await shared.read("products")).products is None


async def test_what_was_read_before_a_drop_is_not_kept(redis: Redis) -> None:
    one, other = level(redis), level(redis)
    before = (await one.read("product-saw")).version
    await other.drop("products", "product-saw")
    await one.write("product-saw", (SAW,), before)
    assert (await one.read("product-saw")).products is None
    await one.write("product-saw", (SAW,), (await one.read("product-saw")).version)
    assert (await other.read("product-saw")).products == (SAW,)
    await other.drop("product-saw")
    assert (await one.read("product-saw")).products is None


async def test_one_holds_the_lock_until_it_lets_go_or_is_dropped(redis: Redis) -> None:
    one, other = level(redis), level(redis)
    async with one.lock("products") as first, other.lock("products") as second:
        assert (first, second) == (True, False)
        await other.drop("products")
        async with other.lock("products") as third:
            assert third
    async with one.lock("products") as again:
        assert again
    ttl = await redis.pttl("catalog:1:lock:products")
    assert ttl == -2
    async with one.lock("products"):
        assert 0 < await redis.pttl("catalog:1:lock:products") <= timedelta(seconds=2).total_seconds() * 1000


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"products": [{}]}', '{"products": [], "fresh_until": "x"}'])
async def test_what_is_no_copy_is_none(redis: Redis, rubbish: str) -> None:
    await redis.set("catalog:1:copy:products", rubbish)
    assert (await level(redis).read("products")).products is None


async def test_a_redis_that_is_gone_is_not_asked_for_a_while(redis_server: Program, redis: Redis) -> None:
    shared = level(redis)
    redis_server.kill()
    try:
        for _ in range(4):
            with pytest.raises(LevelDownError):
                await shared.read("products")
        with pytest.raises(LevelDownError, match="breaker is open"):
            await shared.drop("products")
    finally:
        redis_server.start()
    await asyncio.sleep(0.3)
    assert (await shared.read("products")).products is None
