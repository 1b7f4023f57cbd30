"""Run the stock: `python3 -m stock`. Settings come from STOCK_* variables, DATABASE_* and NATS_*."""

from __future__ import annotations

import asyncio
import json
import sys
from functools import partial
from importlib.resources import files

from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.outbox import Relay
from shopkit.process import Parts, run
from shopkit.web import create_app

from stock import __version__
from stock.adapters.events import RECEIVES, SERVICE, handle
from stock.adapters.http import add_routes
from stock.adapters.postgres import PostgresStore
from stock.adapters.settings import Settings
from stock.adapters.telemetry import Counters
from stock.application.stock import Stock


class Service:
    """The stock put together: its HTTP application and its work in the background."""

    def __init__(self, settings: Settings, tracer_provider: TracerProvider | None = None) -> None:
        self._settings = settings
        metrics = Metrics(SERVICE)
        self.database = Database(settings.database.url, settings.database.password)
        self.broker = Broker.of(settings.broker, SERVICE, metrics)
        self._store = PostgresStore(self.database)
        self._counters = Counters(metrics)
        self._stock = Stock(self._store, self._counters, settings.attempts)
        self._relay = Relay(self.database, self.broker, metrics)
        self._prepared = False
        self.app: FastAPI = create_app(SERVICE, __version__, metrics, tracer_provider, self._ready)
        add_routes(self.app, self._stock)

    async def _ready(self) -> bool:
        return self._prepared and await self.database.ready()

    async def work(self) -> None:
        """Bring the database up to date, then relay and consume for ever."""
        for package in ("shopkit", SERVICE):
            await self.database.migrate(package)
        skus = json.loads(files("stock.adapters").joinpath("seed.json").read_text(encoding="utf-8"))
        await self._store.seed(skus, self._settings.seed_quantity)
        self._prepared = True
        handler = partial(handle, self._stock)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relay.run())
            tasks.create_task(self._counters.show_levels(self._store))
            tasks.create_task(self.broker.consume(SERVICE, RECEIVES, handler, concurrency=self._settings.concurrency))


def assemble(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """The service, and what is open while it runs."""
    service = Service(settings, tracer_provider)
    return Parts(service.app, [service.work], [service.database, service.broker])


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run(SERVICE, __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
