"""Transactional outbox: an event is written with what caused it, and told to the broker afterwards, in order."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection

from shopkit.broker import Broker, BrokerError
from shopkit.cancelling import heed
from shopkit.database import Database
from shopkit.events import Event
from shopkit.metrics import Metrics

_LOCK = 7_023_512_002
"""Key of the advisory lock that the one relay at work holds: two would not keep the order."""
_KEEP = "7 days"
_log = structlog.stdlib.get_logger("shopkit.outbox")


async def add(connection: AsyncConnection[Any], event: Event) -> None:
    """Tell this event once the connection's transaction commits."""
    await connection.execute(
        "insert into outbox (event_id, type, subject, body) values (%s, %s, %s, %s)",
        (event.id, event.type, event.subject, event.encode()),
    )
    await connection.execute("notify outbox")


class Relay:
    """Publishes what the outbox holds in order of id, and marks it once the broker has it: at least once."""

    def __init__(
        self, database: Database, broker: Broker, metrics: Metrics, *, batch: int = 100, poll_seconds: float = 1.0
    ) -> None:
        self._database = database
        self._broker = broker
        self._batch = batch
        self._poll_seconds = poll_seconds
        self._pending = metrics.gauge("outbox_pending", "Events that the broker does not have yet")
        self._oldest = metrics.gauge(
            "outbox_oldest_seconds", "Age of the oldest event that the broker does not have yet"
        )
        self._sent = metrics.counter("outbox_sent_total", "Events that the broker took from the outbox")

    async def run(self) -> None:
        """Relay for ever; rides out a lost broker or database."""
        while True:
            try:
                async with self._database.listen("outbox") as listener:
                    await self._relay(listener)
            except (psycopg.Error, BrokerError) as error:
                _log.warning("relay waits", error=str(error))
                await asyncio.sleep(self._poll_seconds)

    async def _relay(self, listener: AsyncConnection[Any]) -> None:
        swept = float("-inf")
        while True:
            while await self.batch() == self._batch:
                heed()
            heed()
            if time.monotonic() - swept > 3600:
                await self._sweep()
                swept = time.monotonic()
            async for _ in listener.notifies(timeout=self._poll_seconds, stop_after=1):
                pass

    async def batch(self) -> int:
        """Publish up to a batch; return how many. Raises BrokerError, psycopg.Error: what was taken is marked."""
        sent: list[int] = []
        async with self._database.transaction() as connection:
            await self._measure(connection)
            held = await connection.execute("select pg_try_advisory_xact_lock(%s)", (_LOCK,))
            if (await held.fetchone()) != (True,):
                return 0
            rows = await connection.execute(
                "select id, body from outbox where sent_at is null order by id limit %s", (self._batch,)
            )
            failed: BrokerError | None = None
            for number, body in await rows.fetchall():
                try:
                    await self._broker.publish(Event.decode(bytes(body)))
                except BrokerError as error:
                    failed = error
                    break
                sent.append(number)
            await connection.execute("update outbox set sent_at = now() where id = any(%s)", (sent,))
            if sent:
                await self._measure(connection)
        self._sent.inc(len(sent))
        if failed:
            raise failed
        return len(sent)

    async def _measure(self, connection: AsyncConnection[Any]) -> None:
        row = await connection.execute(
            "select count(*), coalesce(extract(epoch from now() - min(added_at)), 0)::float "
            "from outbox where sent_at is null"
        )
        pending, oldest = await row.fetchone() or (0, 0.0)
        self._pending.set(pending)
        self._oldest.set(oldest)

    async def _sweep(self) -> None:
        async with self._database.transaction() as connection:
            await connection.execute("delete from outbox where sent_at < now() - %s::interval", (_KEEP,))
