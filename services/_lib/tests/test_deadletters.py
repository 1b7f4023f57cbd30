"""Dead letters on a real NATS: seen in order, a consumer's own only, removed one by one."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from shopkit.broker import Broker, BrokerError
from shopkit.deadletters import DeadLetters
from shopkit.events import Event
from shopkit.testing.programs import Program


def confirmed() -> Event:
    order = str(uuid4())
    return Event.new("orders", "stock.committed.v1", order, {"order_id": order})


async def fail(event: Event) -> None:
    raise RuntimeError(f"not {event.subject}")


async def test_letters_are_seen_and_removed(broker: Broker) -> None:
    events = [confirmed() for _ in range(3)]
    letters = DeadLetters(broker, "one")
    async with asyncio.timeout(20):
        working = [
            asyncio.create_task(broker.consume(durable, ["stock.committed.v1"], fail, max_deliver=1))
            for durable in ("one", "two")
        ]
        for event in events:
            await broker.publish(event)
        while len([1 for durable in ("one", "two") async for _ in DeadLetters(broker, durable).all()]) < 6:
            await asyncio.sleep(0.05)
    for task in working:
        task.cancel()
    found = [letter async for letter in letters.all()]
    assert [Event.decode(letter.body).id for letter in found] == [event.id for event in events]
    assert {letter.subject for letter in found} == {"shop.stock.committed.v1"}
    assert found[0].reason == f"RuntimeError: not {events[0].subject}"
    await letters.remove(found[1])
    assert [letter.number async for letter in letters.all()] == [found[0].number, found[2].number]
    assert len([letter async for letter in DeadLetters(broker, "two").all()]) == 3
    with pytest.raises(BrokerError, match=f"dead letter {found[1].number} cannot be removed"):
        await letters.remove(found[1])


async def test_a_broker_that_is_away_is_said_to_be(nats_server: Program) -> None:
    async with Broker("nats://127.0.0.1:1", "", "", "test") as away:
        with pytest.raises(BrokerError):
            _ = [letter async for letter in DeadLetters(away, "one").all()]
