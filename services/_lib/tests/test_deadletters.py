"""Dead letters on a real NATS: seen in order, a consumer's own only, until they are done with."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from shopkit.broker import Broker, BrokerError
from shopkit.deadletters import Letter, letters
from shopkit.events import Event


def committed() -> Event:
    order = str(uuid4())
    return Event.new("stock", "stock.committed.v1", order, {"order_id": order})


async def fail(event: Event) -> None:
    raise RuntimeError(f"not {event.subject}")


async def found(broker: Broker, durable: str) -> list[Letter]:
    return [letter async for letter in letters(broker, durable)]


async def test_letters_come_until_they_are_done_with(broker: Broker) -> None:
    events = [committed() for _ in range(3)]
    working = [
        asyncio.create_task(broker.consume(durable, ["stock.committed.v1"], fail, max_deliver=1))
        for durable in ("one", "two")
    ]
    for event in events:
        await broker.publish(event)
    async with asyncio.timeout(20):
        while await broker.pending("one") or await broker.pending("two"):
            await asyncio.sleep(0.05)
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    all_of_them = await found(broker, "one")
    assert [Event.decode(letter.body).id for letter in all_of_them] == [event.id for event in events]
    assert {letter.subject for letter in all_of_them} == {"shop.stock.committed.v1"}
    assert all_of_them[0].reason == f"RuntimeError: not {events[0].subject}"
    async for letter in letters(broker, "one"):
        if letter == all_of_them[1]:
            await letter.done()
    assert await found(broker, "one") == [all_of_them[0], all_of_them[2]]
    assert len(await found(broker, "two")) == 3


async def test_a_broker_that_is_away_is_said_to_be() -> None:
    async with Broker("nats://127.0.0.1:1", "", "", "test") as away:
        with pytest.raises(BrokerError):
            await found(away, "one")
