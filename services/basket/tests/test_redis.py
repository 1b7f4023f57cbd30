"""Baskets in a real Redis: kept, ended by disuse, atomic however many write at once."""

import asyncio

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from shopkit.metrics import Metrics
from shopkit.settings import Endpoint
from shopkit.testing.programs import Program

from basket.adapters.redis import ATTEMPTS, RedisStore
from basket.application.baskets import Baskets, ChangedError, StoreError
from basket.domain.basket import MAX_LINES, Basket, FullError


async def test_what_is_put_stays_in_order(store: RedisStore, redis_url: str) -> None:
    baskets = Baskets(store)
    assert (await baskets.get("b")).items == {}
    for sku, quantity in [("mug", 2), ("axe", 1), ("mug", 3), ("saw", 1)]:
        await baskets.put("b", sku, quantity)
    assert list(await baskets.get("b")) == [("mug", 3), ("axe", 1), ("saw", 1)]
    assert list(await baskets.remove("b", "axe")) == [("mug", 3), ("saw", 1)]
    assert (await baskets.get("other")).items == {}
    await baskets.empty("b")
    async with Redis.from_url(redis_url) as redis:
        assert await redis.keys() == []  # nothing is left of an empty basket


async def test_every_use_puts_the_end_off(redis_url: str, metrics: Metrics) -> None:
    async with RedisStore(Endpoint(redis_url), 100, 2.0, metrics) as store, Redis.from_url(redis_url) as redis:
        await store.change("b", lambda basket: basket.with_item("mug", 1))
        for use in (store.get("b"), store.change("b", lambda basket: basket.with_item("axe", 1))):
            await redis.expire("basket:b", 10)
            await use
            assert 95 <= await redis.ttl("basket:b") <= 100


async def test_a_basket_that_nobody_touches_is_gone(redis_url: str, metrics: Metrics) -> None:
    async with RedisStore(Endpoint(redis_url), 1, 2.0, metrics) as store:
        await store.change("b", lambda basket: basket.with_item("mug", 1))
        await asyncio.sleep(1.2)
        assert (await store.get("b")).items == {}


async def test_no_change_is_lost_however_many_write_at_once(store: RedisStore, metrics: Metrics) -> None:
    baskets = Baskets(store)
    await asyncio.gather(*(baskets.put("b", f"sku-{n}", n) for n in range(1, 31)))
    assert dict(await baskets.get("b")) == {f"sku-{n}": n for n in range(1, 31)}
    assert (metrics.registry.get_sample_value("basket_conflicts_total") or 0) > 0


async def test_no_more_lines_than_allowed_however_many_write_at_once(store: RedisStore) -> None:
    baskets = Baskets(store)
    for number in range(MAX_LINES - 1):
        await baskets.put("b", f"sku-{number}", 1)
    answers = await asyncio.gather(*(baskets.put("b", f"new-{n}", 1) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(answer, Basket) for answer in answers) == 1
    assert sum(isinstance(answer, FullError) for answer in answers) == 9
    assert len((await baskets.get("b")).items) == MAX_LINES


async def test_of_many_who_know_the_same_basket_one_changes_it(store: RedisStore) -> None:
    baskets = Baskets(store)
    known = {(await baskets.put("b", "mug", 1)).tag}
    answers = await asyncio.gather(*(baskets.put("b", "mug", n, known) for n in range(2, 9)), return_exceptions=True)
    [won] = [answer for answer in answers if isinstance(answer, Basket)]
    assert sum(isinstance(answer, ChangedError) for answer in answers) == 6
    assert await baskets.get("b") == won


async def test_baskets_outlive_a_restart_of_redis(redis_url: str, redis_server: Program, metrics: Metrics) -> None:
    async with RedisStore(Endpoint(redis_url), 60, 1.0, metrics) as store:
        await store.change("b", lambda basket: basket.with_item("mug", 1))
        redis_server.stop()
        try:
            assert not await store.ready()
            with pytest.raises(StoreError, match="redis does not answer: ConnectionError"):
                await store.get("b")
        finally:
            redis_server.start()
        async with asyncio.timeout(60):
            while not await store.ready():
                await asyncio.sleep(0.05)
        assert dict(await store.get("b")) == {"mug": 1}


async def test_a_change_does_not_start_anew_for_ever(store: RedisStore, redis_url: str, metrics: Metrics) -> None:
    with SyncRedis.from_url(redis_url) as other:

        def overtaken(basket: Basket) -> Basket:
            other.set("basket:b", '{"axe": 1}')
            return basket.with_item("mug", 1)

        with pytest.raises(StoreError, match=f"basket b was changed by others {ATTEMPTS} times: ask again"):
            await store.change("b", overtaken)
    assert dict(await store.get("b")) == {"axe": 1}
    assert metrics.registry.get_sample_value("basket_conflicts_total") == ATTEMPTS
