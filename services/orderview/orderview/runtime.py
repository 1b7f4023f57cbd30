"""The view's parts put together, for the service and for a rebuild by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics

from orderview.adapters.events import StreamLog
from orderview.adapters.postgres import PostgresView
from orderview.adapters.settings import Settings
from orderview.application.projecting import Rebuilder


@dataclass(frozen=True, slots=True)
class Runtime:
    """What runs."""

    metrics: Metrics
    database: Database
    broker: Broker
    view: PostgresView
    rebuilder: Rebuilder

    @classmethod
    def of(cls, settings: Settings) -> Runtime:
        """The parts, not connected yet."""
        metrics = Metrics("orderview")
        database = Database(settings.database.url, settings.database.password)
        broker = Broker.of(settings.nats, "orderview", metrics)
        view = PostgresView(database)
        return cls(metrics, database, broker, view, Rebuilder(view, view, StreamLog(broker)))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected, the tables made."""
        async with self.database, self.broker:
            await self.view.migrate()
            yield
