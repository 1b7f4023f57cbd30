"""The level that all instances share, in Redis. Whatever Redis does, a read waits for it a quarter of a second at most.

Three keys a copy, under `catalog:1:` (the 1 counts the forms that copies had):
`copy:<key>` the copy, `drops:<key>` how often it was dropped, `lock:<key>` who loads it now.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from shopkit.resilience import Breaker

from catalog.adapters.encoding import from_object, to_object
from catalog.application import LevelDownError
from catalog.application.levels import Copy, Products

T = TypeVar("T")

PATIENCE_SECONDS: Final = 0.25
LOCK_MILLISECONDS: Final = 2000
DROPS_MILLISECONDS: Final = 3_600_000
"""A count of drops outlives every read of the store that began before one."""

WRITE: Final = """
if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""
UNLOCK: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


def connect(url: str, password: str) -> Redis:
    """A client that gives up soon: a cache that answers late is no cache. Connects when first used."""
    return Redis.from_url(
        url,
        password=password or None,
        decode_responses=True,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


class RedisLevel:
    """A SharedLevel. `fresh` and then `stale` are the seconds that a copy is fresh and is still served while renewed.

    While the breaker is open, Redis is not asked and nobody waits for it.
    """

    def __init__(self, client: Redis, breaker: Breaker, fresh: float = 30.0, stale: float = 30.0) -> None:
        self._client = client
        self._breaker = breaker
        self._fresh = fresh
        self._stale = stale
        self._write = client.register_script(WRITE)
        self._unlock = client.register_script(UNLOCK)

    async def read(self, key: str) -> Copy:
        copy, drops = await self._ask(lambda: self._client.mget(_name("copy", key), _name("drops", key)))
        version = int(drops or 0)
        if copy is None:
            return Copy(None, False, version)
        try:
            kept = json.loads(copy)
            products = tuple(from_object(row) for row in kept["products"])
            return Copy(products, time.time() < kept["fresh_until"], version)
        except (ValueError, KeyError, TypeError):  # no form of ours: as good as none
            return Copy(None, False, version)

    @asynccontextmanager
    async def lock(self, key: str) -> AsyncIterator[bool]:
        holder = secrets.token_hex(8)
        name = _name("lock", key)
        held = bool(await self._ask(lambda: self._client.set(name, holder, nx=True, px=LOCK_MILLISECONDS)))
        try:
            yield held
        finally:
            if held:
                with suppress(LevelDownError):  # it ends by itself
                    await self._ask(lambda: self._unlock(keys=[name], args=[holder]))

    async def write(self, key: str, products: Products, version: int) -> None:
        kept = {"fresh_until": time.time() + self._fresh, "products": [to_object(product) for product in products]}
        arguments: list[str | int] = [json.dumps(kept), version, int((self._fresh + self._stale) * 1000)]
        await self._ask(lambda: self._write(keys=[_name("copy", key), _name("drops", key)], args=arguments))

    async def drop(self, *keys: str) -> None:
        async def together() -> None:
            async with self._client.pipeline(transaction=True) as pipe:
                for key in keys:
                    pipe.incr(_name("drops", key))
                    pipe.pexpire(_name("drops", key), DROPS_MILLISECONDS)
                    # Who loads now loads what is old: the next reader need not wait for it.
                    pipe.delete(_name("copy", key), _name("lock", key))
                await pipe.execute()

        await self._ask(together)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._breaker.call(call)
        except (RedisError, OSError) as error:
            raise LevelDownError(str(error)) from error


def _name(kind: str, key: str) -> str:
    return f"catalog:1:{kind}:{key}"
