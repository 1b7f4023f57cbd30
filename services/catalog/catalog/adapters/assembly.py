"""Puts a catalog together from what the settings name. What is not named is not imported, nor does it take memory."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from shopkit.metrics import Metrics
from shopkit.process import Background

from catalog.adapters.encoding import seed
from catalog.adapters.http import recorder
from catalog.adapters.memory import MemoryStore
from catalog.adapters.settings import Settings
from catalog.application import CachedStore, Catalog, LocalLevel, SharedLevel

if TYPE_CHECKING:
    from shopkit.database import Database

REDIS_FAILURES = 3
REDIS_RESET_SECONDS = 2.0


@dataclass(frozen=True)
class Parts:
    """A catalog, what runs beside it, and what is opened before and closed after."""

    catalog: Catalog
    background: list[Background] = field(default_factory=list)
    around: list[AbstractAsyncContextManager[object]] = field(default_factory=list)


def assemble(settings: Settings, metrics: Metrics) -> Parts:
    """In memory without a database; else in Postgres, behind copies in the process and, if named, in Redis."""
    if not settings.database.url:
        return Parts(Catalog(MemoryStore(seed())))
    from shopkit.database import Database

    from catalog.adapters.postgres import PostgresStore

    database = Database(settings.database.url, settings.database.password)
    store = PostgresStore(database)
    parts_around: list[AbstractAsyncContextManager[object]] = [database]
    shared: SharedLevel | None = None
    if settings.redis.url:
        shared = _shared(settings, metrics, parts_around)
    cached = CachedStore(store, LocalLevel(settings.local_seconds), shared, recorder(metrics))
    parts = Parts(Catalog(cached), [partial(store.keep_begun, seed()), cached.settle], parts_around)
    if settings.nats.url:
        _connect(settings, metrics, parts, cached, database)
    return parts


def _shared(settings: Settings, metrics: Metrics, around: list[AbstractAsyncContextManager[object]]) -> SharedLevel:
    from shopkit.resilience import Breaker

    from catalog.adapters.redis import RedisLevel, connect

    breaker = Breaker("redis", REDIS_FAILURES, REDIS_RESET_SECONDS, metrics)
    client = connect(settings.redis.url, settings.redis.password)
    around.append(aclosing(client))
    return RedisLevel(client, breaker, settings.shared_seconds, settings.shared_seconds)


def _connect(settings: Settings, metrics: Metrics, parts: Parts, cached: CachedStore, database: Database) -> None:
    from shopkit.broker import Broker
    from shopkit.outbox import Relay

    from catalog.adapters.events import listen

    broker = Broker.of(settings.nats, "catalog", metrics)
    parts.around.append(broker)
    parts.background.extend((Relay(database, broker, metrics).run, partial(listen, broker, cached)))
