"""What is counted."""

from __future__ import annotations

import asyncio

from shopkit.metrics import Metrics

from stock.adapters.postgres import PostgresStore


class Counters:
    """Counts decisions and lost attempts, and shows the levels."""

    def __init__(self, metrics: Metrics) -> None:
        self._decisions = metrics.counter(
            "stock_decisions_total", "Events by the state that they brought an order's reservation to", ("outcome",)
        )
        self._conflicts = metrics.counter("stock_conflicts_total", "Attempts that lost against a faster one")
        self._pieces = metrics.gauge("stock_pieces", "Pieces of a SKU by state", ("sku", "state"))

    def decided(self, outcome: str) -> None:
        self._decisions.labels(outcome).inc()

    def conflicted(self) -> None:
        self._conflicts.inc()

    async def show_levels(self, store: PostgresStore, seconds: float = 10.0) -> None:
        """Show what the database says, for ever; every process says the same, so take the maximum of them."""
        while True:
            for level in await store.all():
                for state in ("available", "reserved", "sold"):
                    self._pieces.labels(level.sku, state).set(getattr(level, state))
            await asyncio.sleep(seconds)
