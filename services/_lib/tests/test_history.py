"""The stream once more, and the age of what a consumer has not handled."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from shopkit import history
from shopkit.broker import Broker, BrokerError
from shopkit.events import Event
from shopkit.testing.programs import Program

TYPES = ["stock.committed.v1", "stock.released.v1"]


def committed() -> Event:
    order_id = str(uuid4())
    return Event.new("stock", "stock.committed.v1", order_id, {"order_id": order_id})


async def replayed(broker: Broker, batch: int = 200) -> list[list[Event]]:
    return [events async for events in history.replay(broker, TYPES, batch=batch)]


async def test_an_empty_stream_has_nothing_to_tell(broker: Broker) -> None:
    assert await replayed(broker) == []


async def test_everything_is_told_again_in_order(broker: Broker) -> None:
    """Without what was not asked for and what is no event, which end the stream here."""
    events = [committed() for _ in range(5)]
    for event in events:
        await broker.publish(event)
    await broker.publish(Event.new("catalog", "catalog.product-changed.v1", "tea", {"sku": "tea"}))
    await (await broker.jetstream()).publish("shop.stock.committed.v1", b"nothing")
    assert await replayed(broker, batch=2) == [events[:2], events[2:4], events[4:]]
    assert await replayed(broker) == [events]


async def test_a_broker_that_is_away_cannot_be_replayed(broker: Broker, nats_server: Program) -> None:
    await broker.publish(committed())
    nats_server.stop()
    try:
        with pytest.raises(BrokerError):
            await replayed(broker)
        with pytest.raises(BrokerError):
            await history.oldest_pending(broker, "stock")
    finally:
        nats_server.start()


async def test_the_oldest_that_is_not_handled_yet(broker: Broker) -> None:
    assert await history.oldest_pending(broker, "stock") is None
    handled: list[Event] = []

    async def handle(event: Event) -> None:
        if len(handled) == 1:
            raise RuntimeError("not this one")
        handled.append(event)

    consumer = asyncio.create_task(broker.consume("stock", TYPES, handle, backoff=(60,)))
    await broker.publish(committed())
    async with asyncio.timeout(10):
        while await broker.pending("stock") or not handled:
            await asyncio.sleep(0.05)
    assert await history.oldest_pending(broker, "stock") is None
    before = datetime.now(UTC)
    await broker.publish(committed())
    after = datetime.now(UTC)
    oldest = await history.oldest_pending(broker, "stock")
    consumer.cancel()
    await asyncio.gather(consumer, return_exceptions=True)
    assert oldest is not None
    assert before <= oldest <= after
