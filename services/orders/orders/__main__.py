"""Run orders: `python3 -m orders`. Settings come from ORDERS_*, DATABASE_* and NATS_* variables."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from opentelemetry.sdk.trace import TracerProvider
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.outbox import Relay
from shopkit.process import Parts, run

from orders import __version__
from orders.adapters.deadlines import Deadlines
from orders.adapters.events import Consumer
from orders.adapters.http import application
from orders.adapters.postgres import PostgresStorage
from orders.adapters.settings import Settings
from orders.application.ordering import Ordering
from orders.application.saga import Saga
from orders.domain.order import Order


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """An id for an order."""
    return str(uuid4())


@asynccontextmanager
async def migrated(storage: PostgresStorage) -> AsyncIterator[None]:
    """The tables are there before anything runs."""
    await storage.migrate()
    yield


def assemble(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """Orders over HTTP, and what runs beside it: relay, consumer, deadlines."""
    metrics = Metrics("orders")
    seconds = metrics.histogram(
        "orders_duration_seconds",
        "From placed to the end",
        ("status",),
        buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
    )

    def ended(order: Order) -> None:
        seconds.labels(order.status).observe((order.updated_at - order.placed_at).total_seconds())

    database = Database(settings.database.url, settings.database.password)
    broker = Broker.of(settings.nats, "orders", metrics)
    storage = PostgresStorage(database)
    saga = Saga(storage, now, ended)
    ordering = Ordering(storage, now, new_id, timedelta(seconds=settings.deadline_seconds))
    app = application(ordering, metrics, tracer_provider, database.ready, settings.root_path)
    background = (
        Relay(database, broker, metrics).run,
        Consumer(broker, saga, metrics).run,
        Deadlines(saga, storage, metrics, settings.sweep_seconds).run,
    )
    return Parts(app, background, (database, migrated(storage), broker))


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run("orders", __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
