"""Baskets in Redis: one key each, JSON of quantities by SKU, with an end that every use puts off."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from opentelemetry.trace import SpanKind
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, WatchError
from shopkit import tracing
from shopkit.metrics import Metrics
from shopkit.settings import Endpoint

from basket.application.baskets import Change, StoreError
from basket.domain.basket import Basket

ATTEMPTS = 50
"""How often a change starts anew when others changed the basket meanwhile; of those at once, one gets through."""


class RedisStore:
    """Changes are optimistic: made if the key is still what was read (WATCH). An async context manager closes it."""

    def __init__(self, endpoint: Endpoint, ttl_seconds: int, timeout_seconds: float, metrics: Metrics) -> None:
        self._ttl_seconds = ttl_seconds
        self._redis = Redis.from_url(
            endpoint.url,
            password=endpoint.password or None,
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            decode_responses=True,
            # A connection that a restart broke is replaced at once, once.
            retry=Retry(NoBackoff(), 1),
            client_name="basket",
        )
        self._conflicts = metrics.counter("basket_conflicts_total", "Changes started anew because another was faster")

    async def __aenter__(self) -> RedisStore:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._redis.aclose()

    async def ready(self) -> bool:
        """Whether Redis answers now."""
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False

    async def get(self, id_: str) -> Basket:
        """The basket; its end is put off. Raises StoreError."""
        async with _called("get"):
            return _basket(id_, await self._redis.getex(_key(id_), ex=self._ttl_seconds))

    async def change(self, id_: str, change: Change) -> Basket:
        """Change the basket atomically. Raises what `change` raises, or StoreError."""
        key = _key(id_)
        async with _called("change"), self._redis.pipeline() as transaction:
            for attempt in range(ATTEMPTS):
                try:
                    await transaction.watch(key)
                    changed = change(_basket(id_, await transaction.get(key)))
                    transaction.multi()  # type: ignore[no-untyped-call]
                    if changed.items:
                        transaction.set(key, json.dumps(dict(changed.items)), ex=self._ttl_seconds)
                    else:
                        transaction.delete(key)
                    await transaction.execute()
                except WatchError:
                    self._conflicts.inc()
                    await asyncio.sleep(random.uniform(0, 0.002 * attempt))  # noqa: S311 - spreads, hides nothing
                else:
                    return changed
        raise StoreError(f"basket {id_} was changed by others {ATTEMPTS} times: ask again")


@asynccontextmanager
async def _called(operation: str) -> AsyncIterator[None]:
    """A span of the call; trouble with Redis is a StoreError."""
    with tracing.span(f"redis {operation}", SpanKind.CLIENT, attributes={"db.system.name": "redis"}):
        try:
            yield
        except (RedisError, OSError) as error:
            raise StoreError(f"redis does not answer: {type(error).__name__}") from error


def _key(id_: str) -> str:
    return f"basket:{id_}"


def _basket(id_: str, text: str | bytes | None) -> Basket:
    return Basket(id_, json.loads(text) if text else {})
