"""A consumer that stops midway and waits to be killed: `killed.py before-commit|before-ack`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.events import Event
from shopkit.metrics import Metrics
from shopkit.testing.service import midway

from orderview.adapters.events import Consumer
from orderview.adapters.postgres import PostgresTables, PostgresView
from orderview.application.projecting import Projector
from orderview.domain.projection import ADDS


class Hanging(PostgresView):
    """Does everything but commit."""

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[Sequence[PostgresTables]]:
        async with super().followed() as followed:
            yield followed
            await midway()


async def main(moment: str) -> None:
    async with (
        Database(os.environ["DB"]) as database,
        Broker(os.environ["NATS"], "", "", "killed", ack_wait=1) as broker,
    ):
        view = Hanging(database) if moment == "before-commit" else PostgresView(database)
        consumer = Consumer(broker, Projector(view), Metrics("orderview"))

        async def handle(event: Event) -> None:
            await consumer.handle(event)
            await midway()

        await broker.consume("orderview", ADDS, handle)


asyncio.run(main(sys.argv[1]))
