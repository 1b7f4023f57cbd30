"""Hears what changed, and when it may have missed something."""

from __future__ import annotations

import asyncio

import structlog
from shopkit.broker import Broker
from shopkit.events import Event

from edge.application import Purger
from edge.domain import PRICE_CHANGED, PRODUCT_CHANGED

_log = structlog.stdlib.get_logger("edge.events")


async def listen(broker: Broker, purger: Purger) -> None:
    """Purge what changed, for ever."""

    async def heed(event: Event) -> None:
        await purger.changed(event.subject)
        _log.info("purged", sku=event.subject, event_type=event.type, event_id=event.id)

    await broker.subscribe_ephemeral((PRICE_CHANGED, PRODUCT_CHANGED), heed)


async def watch(broker: Broker, purger: Purger, every: float = 0.2) -> None:
    """Purge all of the catalog whenever the broker has come back, for ever."""
    connected = False
    while True:
        if broker.connected and not connected:
            _log.info("the broker is here: what was missed is purged")
            await purger.missed()
        connected = broker.connected
        await asyncio.sleep(every)
