"""A store behind two levels of copies.

A read looks in the process, then in the shared level, then in the store. What prevents a stampede: in a process one
read a key is under way at a time, and of all processes the one with the key's lock asks the store. What bounds a copy's
age: a change drops it everywhere (`drop`, called by event in every instance); should no word come, its time runs out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from catalog.application.levels import LevelDownError, LocalLevel, Products, SharedLevel
from catalog.application.ports import Change, ProductStore, StoreDownError
from catalog.domain import Product

ALL: Final = "products"
"""Key of everything there is, from which searches are answered."""
WAIT_SECONDS: Final = 0.5
"""How long a process waits for what another one loads before it asks the store itself."""
POLL_SECONDS: Final = 0.02

Load = Callable[[], Awaitable[Sequence[Product]]]
Record = Callable[[str, str], None]
"""Told of every question to a level: (level, outcome), outcome one of hit, stale, miss, error."""


def key_of(sku: str) -> str:
    """The key of one product, in the caches and in surrogate keys."""
    return f"product-{sku}"


class CachedStore:
    """A ProductStore that answers from copies where it can. Without a shared level the process has only its own."""

    def __init__(
        self, store: ProductStore, local: LocalLevel, shared: SharedLevel | None, record: Record = lambda *_: None
    ) -> None:
        self._store = store
        self._local = local
        self._shared = shared
        self._record = record
        self._flights: dict[str, asyncio.Future[Products]] = {}
        self._renewals: dict[str, asyncio.Task[None]] = {}
        self._owed: set[str] = set()

    async def all(self) -> Products:
        return await self._read(ALL, self._store.all)

    async def get(self, sku: str) -> Product | None:
        async def load() -> Products:
            product = await self._store.get(sku)
            return () if product is None else (product,)

        return next(iter(await self._read(key_of(sku), load)), None)

    async def change(self, sku: str, decide: Callable[[Product], Change | None]) -> Product:
        product = await self._store.change(sku, decide)
        await self.drop(sku)
        return product

    async def ready(self) -> bool:
        return await self._store.ready()

    async def drop(self, sku: str) -> None:
        """Forget every copy that shows the product.

        A shared level that is down is owed the drop: it is told by `settle`, and until then not asked.
        """
        keys = (ALL, key_of(sku))
        self._owed.add(sku)
        try:
            if self._shared:
                await self._shared.drop(*keys)
            self._owed.discard(sku)
        except LevelDownError:
            self._record("redis", "error")
        finally:  # after the shared level: what was copied from it in between goes as well
            self._local.drop(keys)
            for key in keys:
                self._flights.pop(key, None)

    async def settle(self, every: float = 0.5) -> None:
        """Tell the shared level of drops that it is owed, for ever."""
        while True:
            await asyncio.sleep(every)
            for sku in sorted(self._owed):
                await self.drop(sku)

    async def _read(self, key: str, load: Load) -> Products:
        copy = self._local.read(key)
        if copy.products is not None and copy.fresh:
            self._record("process", "hit")
            return copy.products
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(self._fill(key, load, copy.version))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        try:
            found = await asyncio.shield(flight)
        except StoreDownError:
            if copy.products is None:
                self._record("process", "miss")
                raise
            self._record("process", "stale")
            return copy.products
        self._record("process", "miss")
        return found

    def _landed(self, key: str, flight: asyncio.Future[Products]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen here, should everyone who waited have left

    async def _fill(self, key: str, load: Load, version: int) -> Products:
        found = await (self._share(key, load) if self._shared and not self._owed else self._load(load))
        self._local.write(key, found, version)
        return found

    @staticmethod
    async def _load(load: Load) -> Products:
        return tuple(await load())

    async def _share(self, key: str, load: Load) -> Products:
        shared = self._shared
        assert shared is not None
        try:
            copy = await shared.read(key)
            if copy.products is not None:
                self._record("redis", "hit" if copy.fresh else "stale")
                if not copy.fresh and key not in self._renewals:
                    self._renewals[key] = asyncio.create_task(self._renew(key, load, copy.version))
                return copy.products
            self._record("redis", "miss")
            async with shared.lock(key) as held:
                if not held and (products := await self._wait(key)) is not None:
                    return products
                found = tuple(await load())
                with suppress(LevelDownError):
                    await shared.write(key, found, copy.version)
                return found
        except LevelDownError:
            self._record("redis", "error")
            return tuple(await load())

    async def _wait(self, key: str) -> Products | None:
        """What another process loads, or None if it takes too long."""
        assert self._shared is not None
        for _ in range(int(WAIT_SECONDS / POLL_SECONDS)):
            await asyncio.sleep(POLL_SECONDS)
            if (copy := await self._shared.read(key)).products is not None:
                return copy.products
        return None

    async def _renew(self, key: str, load: Load, version: int) -> None:
        """Load what is past its freshness, once among all processes, while it is still served."""
        assert self._shared is not None
        try:
            with suppress(LevelDownError, StoreDownError):
                async with self._shared.lock(key) as held:
                    if held:
                        await self._shared.write(key, tuple(await load()), version)
        finally:
            del self._renewals[key]
