"""Run the notifications: `python3 -m notifications`. Settings: NOTIFICATIONS_* variables, DATABASE_* and NATS_*."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from opentelemetry.sdk.trace import TracerProvider
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.outbox import Relay
from shopkit.process import Parts, run
from shopkit.web import create_app

from notifications import __version__
from notifications.adapters.events import RECEIVES, SERVICE, handle
from notifications.adapters.postgres import PostgresStore
from notifications.adapters.settings import Settings
from notifications.adapters.smtp import SmtpTransport
from notifications.adapters.telemetry import Counters
from notifications.application.notifications import Notifications


class Service:
    """The notifications put together: probes over HTTP, and their work in the background."""

    def __init__(self, settings: Settings, tracer_provider: TracerProvider | None = None) -> None:
        self._settings = settings
        metrics = Metrics(SERVICE)
        self.database = Database(settings.database.url, settings.database.password)
        self.broker = Broker.of(settings.broker, SERVICE, metrics)
        store = PostgresStore(self.database, settings.claim_seconds)
        transport = SmtpTransport(settings.server)
        self._notifications = Notifications(store, transport, Counters(metrics), settings.server.domain)
        self._relay = Relay(self.database, self.broker, metrics)
        self._prepared = False
        self.app = create_app(SERVICE, __version__, metrics, tracer_provider, self._ready)

    async def _ready(self) -> bool:
        # Not the mail server: while it is away, mails wait.
        return self._prepared and await self.database.ready()

    async def work(self) -> None:
        """Bring the database up to date, then relay and consume for ever."""
        for package in ("shopkit", SERVICE):
            await self.database.migrate(package)
        self._prepared = True
        handler = partial(handle, self._notifications)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._relay.run())
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
