"""The clock of the saga: cancels orders that are stuck, and forgets old idempotency keys."""

from __future__ import annotations

import asyncio
import time

import structlog
from shopkit.metrics import Metrics

from orders.adapters.postgres import PostgresStorage
from orders.application.saga import Saga

_log = structlog.stdlib.get_logger("orders.deadlines")


class Deadlines:
    """Looks every `seconds`; of many processes all may, since an order is changed only once."""

    def __init__(self, saga: Saga, storage: PostgresStorage, metrics: Metrics, seconds: float) -> None:
        self._saga = saga
        self._storage = storage
        self._seconds = seconds
        self._expired = metrics.counter("orders_expired_total", "Orders cancelled at their deadline")
        self._open = metrics.gauge("orders_open", "Orders that are neither confirmed nor cancelled")

    async def run(self) -> None:
        """Look for ever."""
        swept = float("-inf")
        while True:
            if cancelled := await self._saga.expire():
                self._expired.inc(cancelled)
                _log.warning("orders cancelled at their deadline", orders=cancelled)
            self._open.set(await self._storage.open_orders())
            if time.monotonic() - swept > 3600:
                await self._storage.forget_keys()
                swept = time.monotonic()
            await asyncio.sleep(self._seconds)
