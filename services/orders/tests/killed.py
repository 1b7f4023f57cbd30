"""A consumer that stops midway and waits to be killed: `killed.py before-commit|before-ack`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.events import Event
from shopkit.metrics import Metrics
from shopkit.testing.service import midway

from orders.adapters.events import CONSUMED, Consumer
from orders.adapters.postgres import PostgresStorage, PostgresWork
from orders.application.saga import Saga


class Hanging(PostgresStorage):
    """Does everything but commit."""

    @asynccontextmanager
    async def work(self) -> AsyncIterator[PostgresWork]:
        async with super().work() as work:
            yield work
            await midway()


async def main(moment: str) -> None:
    async with (
        Database(os.environ["DB"]) as database,
        Broker(os.environ["NATS"], "", "", "killed", ack_wait=1) as broker,
    ):
        storage = Hanging(database) if moment == "before-commit" else PostgresStorage(database)
        consumer = Consumer(broker, Saga(storage, lambda: datetime.now(UTC)), Metrics("orders"))

        async def handle(event: Event) -> None:
            await consumer.handle(event)
            await midway()

        await broker.consume("orders", CONSUMED, handle)


asyncio.run(main(sys.argv[1]))
