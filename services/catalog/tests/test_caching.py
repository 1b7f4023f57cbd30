"""The two levels, without I/O: what is asked of the store, when, and what is never kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from conftest import PRODUCTS

from catalog.adapters.memory import MemoryStore
from catalog.application import CachedStore, Change, LevelDownError, LocalLevel, StoreDownError
from catalog.application.levels import Copy, Products
from catalog.domain import Money, Product, reprice

[POT, *_] = PRODUCTS


class SlowStore(MemoryStore):
    """Counts its readers, who wait until the gate is open; `down` fails them."""

    def __init__(self) -> None:
        super().__init__(PRODUCTS)
        self.reads = 0
        self.down = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def get(self, sku: str) -> Product | None:
        self.reads += 1
        found = await super().get(sku)
        await self.gate.wait()
        if self.down:
            raise StoreDownError("gone")
        return found


class SharedCopies:
    """A shared level in a dictionary, whose time stands still until told."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[Products, bool]] = {}
        self.drops: dict[str, int] = {}
        self.locked: set[str] = set()
        self.down = False

    def _up(self) -> None:
        if self.down:
            raise LevelDownError("gone")

    async def read(self, key: str) -> Copy:
        self._up()
        products, fresh = self.kept.get(key, (None, False))
        return Copy(products, fresh, self.drops.get(key, 0))

    @asynccontextmanager
    async def lock(self, key: str) -> AsyncIterator[bool]:
        self._up()
        held = key not in self.locked
        self.locked.add(key)
        try:
            yield held
        finally:
            if held:
                self.locked.discard(key)

    async def write(self, key: str, products: Products, version: int) -> None:
        self._up()
        if version == self.drops.get(key, 0):
            self.kept[key] = (products, True)

    async def drop(self, *keys: str) -> None:
        self._up()
        for key in keys:
            self.kept.pop(key, None)
            self.locked.discard(key)
            self.drops[key] = self.drops.get(key, 0) + 1


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """Instances over one store and one shared level, with what they told of every question."""

    def __init__(self) -> None:
        self.store = SlowStore()
        self.shared = SharedCopies()
        self.clock = Clock()
        self.told: list[tuple[str, str]] = []

    def instance(self, *, alone: bool = False, most: int = 100) -> CachedStore:
        local = LocalLevel(5, 60, most, self.clock)
        return CachedStore(self.store, local, None if alone else self.shared, lambda *told: self.told.append(told))


@pytest.fixture
async def bench() -> Bench:
    return Bench()


def to(amount: int) -> Callable[[Product], Change | None]:
    return lambda product: reprice(product, Money(amount, "EUR"))


async def amount(cached: CachedStore) -> int | None:
    product = await cached.get("moka-pot")
    return product.price.amount if product else None


async def test_each_level_answers_before_the_next_is_asked(bench: Bench) -> None:
    one, other = bench.instance(), bench.instance()
    assert [await one.get("moka-pot"), await one.get("moka-pot"), await other.get("moka-pot")] == [POT] * 3
    assert bench.store.reads == 1
    assert bench.told == [
        ("redis", "miss"),
        ("process", "miss"),
        ("process", "hit"),
        ("redis", "hit"),
        ("process", "miss"),
    ]


async def test_everything_is_one_copy(bench: Bench) -> None:
    one = bench.instance()
    assert sorted(p.sku for p in await one.all()) == sorted(p.sku for p in PRODUCTS)
    assert await one.all() == await one.all()
    assert await one.ready()


async def test_what_is_not_there_is_remembered_as_well(bench: Bench) -> None:
    one = bench.instance()
    assert [await one.get("axe"), await one.get("axe")] == [None, None]
    assert bench.store.reads == 1


@pytest.mark.parametrize("alone", [True, False])
async def test_a_stampede_asks_the_store_once(bench: Bench, alone: bool) -> None:
    instances = [bench.instance(alone=alone)] if alone else [bench.instance() for _ in range(5)]
    bench.store.gate.clear()
    readers = [asyncio.create_task(one.get("moka-pot")) for one in instances for _ in range(20)]
    await asyncio.sleep(0.05)
    bench.store.gate.set()
    assert set(await asyncio.gather(*readers)) == {POT}
    assert bench.store.reads == 1


async def test_who_holds_the_lock_and_dies_holds_nobody_up_for_long(bench: Bench) -> None:
    bench.shared.locked.add("product-moka-pot")
    async with asyncio.timeout(2):
        assert await bench.instance().get("moka-pot") == POT


async def test_a_reader_that_leaves_takes_nobody_with_it(bench: Bench) -> None:
    one = bench.instance()
    bench.store.gate.clear()
    first, second = (asyncio.create_task(one.get("moka-pot")) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    bench.store.gate.set()
    assert await second == POT


async def test_a_change_is_seen_by_its_instance_at_once_and_by_others_once_told(bench: Bench) -> None:
    one, other = bench.instance(), bench.instance()
    assert (await amount(one), await amount(other)) == (3190, 3190)
    await one.change("moka-pot", to(2990))
    assert (await amount(one), await amount(other)) == (2990, 3190)
    await other.drop("moka-pot")
    assert await amount(other) == 2990


async def test_an_instance_that_nobody_told_asks_again_in_time(bench: Bench) -> None:
    one, other = bench.instance(), bench.instance()
    assert await amount(other) == 3190
    await one.change("moka-pot", to(2990))
    bench.clock.now = 5.1
    assert await amount(other) == 2990


async def test_what_was_read_before_a_drop_is_not_kept_after_it(bench: Bench) -> None:
    one = bench.instance()
    bench.store.gate.clear()
    early = asyncio.create_task(amount(one))
    await asyncio.sleep(0.01)
    await one.change("moka-pot", to(2990))
    late = asyncio.create_task(amount(one))
    await asyncio.sleep(0.01)
    bench.store.gate.set()
    assert (await early, await late) == (3190, 2990)
    assert (await amount(one), await amount(bench.instance())) == (2990, 2990)


async def test_a_copy_past_its_freshness_is_served_while_one_renews_it(bench: Bench) -> None:
    await bench.instance().get("moka-pot")
    await bench.store.change("moka-pot", to(2990))
    bench.shared.kept["product-moka-pot"] = ((POT,), False)
    bench.store.gate.clear()
    assert [await amount(bench.instance()) for _ in range(3)] == [3190] * 3
    bench.store.gate.set()
    await asyncio.sleep(0.01)
    assert bench.shared.kept["product-moka-pot"][0][0].price.amount == 2990
    assert bench.store.reads == 2
    assert bench.told.count(("redis", "stale")) == 3


async def test_without_the_shared_level_the_store_answers(bench: Bench) -> None:
    bench.shared.down = True
    one = bench.instance()
    assert [await one.get("moka-pot"), await one.get("moka-pot")] == [POT, POT]
    assert bench.store.reads == 1
    assert bench.told[0] == ("redis", "error")


async def test_a_shared_level_that_comes_back_is_told_what_it_missed_before_it_is_asked(bench: Bench) -> None:
    one = bench.instance()
    await one.get("moka-pot")
    bench.shared.down = True
    await one.change("moka-pot", to(2990))
    bench.shared.down = False
    assert await amount(one) == 2990, "the copy that it still has is old"
    settling = asyncio.create_task(one.settle(every=0.01))
    await asyncio.sleep(0.05)
    settling.cancel()
    assert "product-moka-pot" not in bench.shared.kept
    assert await amount(bench.instance()) == 2990


async def test_without_the_store_what_is_at_hand_is_served(bench: Bench) -> None:
    one = bench.instance(alone=True)
    await one.get("moka-pot")
    bench.store.down = True
    bench.clock.now = 30
    assert await one.get("moka-pot") == POT
    assert bench.told[-1] == ("process", "stale")
    with pytest.raises(StoreDownError):
        await one.get("saw")
    bench.clock.now = 70
    with pytest.raises(StoreDownError):
        await one.get("moka-pot")


async def test_a_store_that_fails_leaves_no_lock(bench: Bench) -> None:
    bench.store.down = True
    with pytest.raises(StoreDownError):
        await bench.instance().get("moka-pot")
    bench.store.down = False
    async with asyncio.timeout(0.3):
        assert await bench.instance().get("moka-pot") == POT


async def test_the_least_used_copy_leaves_first(bench: Bench) -> None:
    one = bench.instance(alone=True, most=2)
    for sku in ("moka-pot", "saw", "moka-pot", "coffee-mill", "moka-pot"):
        await one.get(sku)
    assert bench.store.reads == 3
    await one.get("saw")
    assert bench.store.reads == 4
