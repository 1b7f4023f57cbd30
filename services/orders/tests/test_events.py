"""The saga over a real broker: messages lost on the way, twice, late, and a broker or consumer that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import nats
import pytest
from heard import charged, declined, rejected, reserved, told
from samples import TOTAL, request
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.events import Event, schemas
from shopkit.metrics import Metrics
from shopkit.outbox import Relay
from shopkit.testing.programs import Program
from shopkit.testing.service import eventually, killed_midway, listening

from orders.adapters.events import CONSUMED, PUBLISHED, Consumer, published
from orders.application.ordering import Ordering
from orders.application.saga import Saga
from orders.domain.messages import OrderCancelled, OrderConfirmed, OrderPlaced, PaymentRequested
from orders.domain.order import Status

KILLED = Path(__file__).with_name("killed.py")


async def stream(nats_url: str, subject: str = "shop.orders.>", name: str = "SHOP") -> list[str]:
    """The subjects of all messages of a stream, in order."""
    client = await nats.connect(nats_url)
    try:
        subscription = await client.jetstream().subscribe(subject, stream=name, ordered_consumer=True)
        found: list[str] = []
        try:
            while True:
                found.append((await subscription.next_msg(timeout=0.5)).subject.removeprefix("shop."))
        except nats.errors.TimeoutError:
            return found
    finally:
        await client.close()


@pytest.fixture
def consumer(broker: Broker, manager: Saga, metrics: Metrics) -> Consumer:
    return Consumer(broker, manager, metrics)


@pytest.fixture
def relay(broker: Broker, database: Database, metrics: Metrics) -> Relay:
    return Relay(database, broker, metrics, poll_seconds=0.1)


def test_every_event_has_a_schema() -> None:
    assert {*PUBLISHED.values(), *CONSUMED} <= set(schemas())


def test_what_is_told_meets_its_schema() -> None:
    order_id, customer = "0b8f1c86-58f4-4a4e-9d0f-0a3c6f6f3f01", ("c-1", "a@example.com")
    for event in (
        OrderPlaced(order_id, *customer, request().lines, TOTAL, "tok_visa"),
        PaymentRequested(order_id, "c-1", TOTAL, "tok_visa"),
        OrderConfirmed(order_id, *customer, TOTAL),
        OrderCancelled(order_id, *customer, "timeout"),
    ):
        made = published(event)
        assert (made.source, made.type, made.subject) == ("orders", PUBLISHED[type(event)], order_id)
        assert Event.decode(made.encode()) == made


async def test_an_order_is_led_to_confirmed_whatever_comes_twice_or_first(
    broker: Broker, consumer: Consumer, relay: Relay, shop: Ordering, nats_url: str
) -> None:
    order_id = (await shop.place(request(), "k")).order_id
    stock, payment = reserved(order_id), charged(order_id)
    async with listening(consumer.run(), relay.run()):
        for event in (payment, stock, stock, reserved(order_id), payment, charged(order_id)):
            await broker.publish(event)
        await eventually(lambda: _is(shop, order_id, Status.CONFIRMED))
        for event in (rejected(order_id), declined(order_id)):
            await broker.publish(event)
        await eventually(lambda: _handled(broker))
    assert (await shop.order(order_id)).status is Status.CONFIRMED
    assert await stream(nats_url) == ["orders.order-placed.v1", "orders.order-confirmed.v1"]


async def test_orders_placed_while_the_broker_is_down_go_out_afterwards_in_order(
    nats_server: Program,
    relay: Relay,
    consumer: Consumer,
    shop: Ordering,
    broker: Broker,
    nats_url: str,
    database: Database,
) -> None:
    async with listening(relay.run(), consumer.run()):
        first = (await shop.place(request(), "before")).order_id
        await eventually(lambda: _sent(database))
        nats_server.kill()
        try:
            during = [(await shop.place(request(), f"key {number}")).order_id for number in range(20)]
            await asyncio.sleep(0.5)
        finally:
            nats_server.start()
        await eventually(lambda: _sent(database))
        await broker.publish(reserved(first))
        await eventually(lambda: _is(shop, first, Status.RESERVED))
    subjects = await stream(nats_url)
    assert subjects == 21 * ["orders.order-placed.v1"] + ["orders.payment-requested.v1"]
    assert [order for _, order in await told(database)] == [first, *during, first]


@pytest.mark.parametrize("moment", ["before-commit", "before-ack"])
async def test_a_consumer_killed_midway_leaves_the_message_to_the_next(
    moment: str,
    broker: Broker,
    impatient: Broker,
    shop: Ordering,
    consumer: Consumer,
    database: Database,
    database_url: str,
    nats_url: str,
) -> None:
    order_id = (await shop.place(request(), "k")).order_id
    await broker.publish(reserved(order_id))
    await killed_midway(KILLED, moment, DB=database_url, NATS=nats_url)
    before = await told(database)
    assert len(before) == {"before-commit": 1, "before-ack": 2}[moment]
    async with listening(impatient.consume("orders", CONSUMED, consumer.handle)):
        await eventually(lambda: _handled(broker))
    assert [type_ for type_, _ in await told(database)] == ["orders.order-placed.v1", "orders.payment-requested.v1"]
    assert (await shop.order(order_id)).status is Status.RESERVED


async def test_an_event_of_an_unknown_order_is_put_aside(broker: Broker, consumer: Consumer, nats_url: str) -> None:
    await broker.publish(charged("0b8f1c86-58f4-4a4e-9d0f-0a3c6f6f3f01"))
    async with listening(broker.consume("orders", CONSUMED, consumer.handle, max_deliver=2, backoff=[0.05])):
        await eventually(lambda: _any(stream(nats_url, "dead.>", "DEAD")))
        await eventually(lambda: _handled(broker))


async def _is(shop: Ordering, order_id: str, status: Status) -> bool:
    return (await shop.order(order_id)).status is status


async def _handled(broker: Broker) -> bool:
    return await broker.pending("orders") == 0


async def _any(found: Awaitable[list[str]]) -> bool:
    return bool(await found)


async def _sent(database: Database) -> bool:
    async with database.transaction() as connection:
        rows = await connection.execute("select 1 from outbox where sent_at is null limit 1")
        return await rows.fetchone() is None
