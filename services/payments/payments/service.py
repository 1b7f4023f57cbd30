"""The payments put together."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial

from opentelemetry.sdk.trace import TracerProvider
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.outbox import Relay
from shopkit.web import create_app

from payments import __version__
from payments.adapters.events import RECEIVES, SERVICE, handle
from payments.adapters.http import add_routes
from payments.adapters.postgres import PostgresStore
from payments.adapters.provider import HttpProvider
from payments.adapters.settings import Settings
from payments.adapters.telemetry import Counters
from payments.application.payments import Payments

BACKOFF = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds before an event comes again; with ten deliveries two and a half minutes, half of an order's deadline."""


class Service:
    """Its HTTP application, its work in the background, and what it holds open."""

    def __init__(self, settings: Settings, tracer_provider: TracerProvider | None = None) -> None:
        self._settings = settings
        metrics = Metrics(SERVICE)
        self.database = Database(settings.database.url, settings.database.password)
        self.broker = Broker.of(settings.broker, SERVICE, metrics)
        self._provider = HttpProvider(settings.provider_url, settings.limits, metrics)
        self._store = PostgresStore(self.database)
        self._counters = Counters(metrics)
        self.payments = Payments(self._store, self._provider, self._counters)
        self._relay = Relay(self.database, self.broker, metrics)
        self._prepared = False
        self.app = create_app(SERVICE, __version__, metrics, tracer_provider, self._ready)
        add_routes(self.app, self.payments)

    @property
    def resources(self) -> tuple[AbstractAsyncContextManager[object], ...]:
        """What is open while it runs."""
        return self.database, self.broker, self._provider

    async def _ready(self) -> bool:
        # Not the provider: while it is away, charges wait.
        return self._prepared and await self.database.ready()

    async def work(self) -> None:
        """Bring the database up to date, then relay and consume for ever."""
        for package in ("shopkit", SERVICE):
            await self.database.migrate(package)
        self._prepared = True
        consume = self.broker.consume(
            SERVICE,
            RECEIVES,
            partial(handle, self.payments),
            max_deliver=self._settings.deliveries,
            backoff=BACKOFF,
            concurrency=self._settings.concurrency,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relay.run())
            tasks.create_task(self._counters.show_unanswered(self._store))
            tasks.create_task(consume)
