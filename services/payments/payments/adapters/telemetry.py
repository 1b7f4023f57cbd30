"""What is counted."""

from __future__ import annotations

import asyncio

from shopkit.metrics import Metrics

from payments.adapters.postgres import PostgresStore


class Counters:
    """Counts what charges come to, and shows those that the provider owes an answer."""

    def __init__(self, metrics: Metrics) -> None:
        self._charges = metrics.counter("payments_charges_total", "Charges by the state they moved to", ("outcome",))
        self._unanswered = metrics.gauge("payments_unanswered", "Charges that the provider owes an answer", ("state",))
        self._oldest = metrics.gauge("payments_unanswered_oldest_seconds", "Age of the oldest of them", ("state",))

    def settled(self, outcome: str) -> None:
        self._charges.labels(outcome).inc()

    async def show_unanswered(self, store: PostgresStore, seconds: float = 10.0) -> None:
        """Show what the database says, for ever; every process says the same, so take the maximum of them."""
        while True:
            for state, (count, age) in (await store.unanswered()).items():
                self._unanswered.labels(state).set(count)
                self._oldest.labels(state).set(age)
            await asyncio.sleep(seconds)
