"""Events of the broker: projected as they come, replayed for a rebuild, and how far behind the view is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from shopkit import history
from shopkit.broker import Broker, BrokerError
from shopkit.events import Event
from shopkit.metrics import Metrics

from orderview.application.projecting import Projector
from orderview.domain.projection import ADDS, Heard

DURABLE: Final = "orderview"
_log = structlog.stdlib.get_logger("orderview.events")


def heard(event: Event) -> Heard:
    """The event in the view's own terms."""
    return Heard(event.id, event.type, event.time, event.data)


class Consumer:
    """Projects every event once it comes."""

    def __init__(self, broker: Broker, projector: Projector, metrics: Metrics) -> None:
        self._broker = broker
        self._projector = projector
        self._delay = metrics.histogram("orderview_delay_seconds", "From an event's time to its projection", ("type",))

    async def run(self) -> None:
        """Consume for ever."""
        await self._broker.consume(DURABLE, ADDS, self.handle)

    async def handle(self, event: Event) -> None:
        """Project one event."""
        await self._projector.project(heard(event))
        self._delay.labels(event.type).observe(max(0.0, (datetime.now(UTC) - event.time).total_seconds()))


class StreamLog:
    """Everything that ever happened is in the stream."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def replay(self) -> AsyncIterator[Sequence[Heard]]:
        """All events of the view's types, from sequence 1 to the last one there is now."""
        async for events in history.replay(self._broker, ADDS):
            yield [heard(event) for event in events]


class Lag:
    """How far the view is behind: events not projected yet, and the age of the oldest of them."""

    def __init__(self, broker: Broker, metrics: Metrics, seconds: float) -> None:
        self._broker = broker
        self._seconds = seconds
        self._events = metrics.gauge("orderview_lag_events", "Events that the view does not know yet")
        self._age = metrics.gauge("orderview_lag_seconds", "Age of the oldest event that the view does not know yet")

    async def run(self) -> None:
        """Measure for ever. While the broker is away, the last figures stand."""
        while True:
            try:
                await self.measure()
            except BrokerError as error:
                _log.warning("lag is unknown", error=str(error))
            await asyncio.sleep(self._seconds)

    async def measure(self) -> None:
        """Measure once. Raises BrokerError."""
        events = await self._broker.pending(DURABLE)
        oldest = await history.oldest_pending(self._broker, DURABLE) if events else None
        self._events.set(events)
        self._age.set(max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0)
