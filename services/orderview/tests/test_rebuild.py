"""The view from zero equals the live one, while events go on coming; and how far behind it is."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import story
from psycopg import sql
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.events import Event
from shopkit.metrics import Metrics
from shopkit.testing.programs import Program
from shopkit.testing.service import eventually, killed_midway, listening
from story import START

from orderview.adapters.events import Consumer, Lag, StreamLog
from orderview.adapters.postgres import PostgresView
from orderview.application.ports import RebuildRunningError
from orderview.application.projecting import Projector, Rebuilder
from orderview.application.queries import Queries
from orderview.domain.projection import ADDS, Heard

KILLED = Path(__file__).with_name("killed.py")


@pytest.fixture
def consumer(broker: Broker, projector: Projector, metrics: Metrics) -> Consumer:
    return Consumer(broker, projector, metrics)


async def publish(broker: Broker, events: Sequence[Event]) -> None:
    for event in events:
        await broker.publish(event)


async def caught_up(broker: Broker) -> bool:
    return await broker.pending("orderview") == 0


async def contents(database: Database, generation: int) -> list[list[tuple[object, ...]]]:
    """All rows of a generation."""
    found = []
    async with database.transaction() as connection:
        for name, key in (("orders", "order_id"), ("history", "event_id")):
            rows = await connection.execute(
                sql.SQL("select * from {} order by {}").format(
                    sql.Identifier(f"{name}_{generation}"), sql.Identifier(key)
                )
            )
            found.append(await rows.fetchall())
    return found


def mixed(orders: int, seed: int) -> list[Event]:
    """Stories of many orders, their events in any order."""
    tales = (story.confirmed, story.refunded, story.sold_out, story.declined)
    events = [
        event
        for number in range(orders)
        for event in tales[number % 4](f"c-{number % 3}", START + timedelta(minutes=number))
    ]
    random.Random(seed).shuffle(events)
    return events


async def test_rebuilt_is_what_was_live(
    broker: Broker, consumer: Consumer, rebuilder: Rebuilder, database: Database, stored: PostgresView
) -> None:
    events = mixed(20, 1)
    async with listening(consumer.run()):
        await publish(broker, events)
        await broker.publish(Event.new("catalog", "catalog.product-changed.v1", "tea", {"sku": "tea"}))
        await eventually(lambda: caught_up(broker))
    done = await rebuilder.run()
    assert (done.generation, done.events) == (2, len(events))
    live = await contents(database, 1)
    assert await contents(database, 2) == live
    assert [len(rows) for rows in live] == [20, len(events)]


async def test_a_rebuild_amid_traffic_misses_nothing_and_the_old_view_answers_meanwhile(
    broker: Broker, consumer: Consumer, stored: PostgresView, database: Database, queries: Queries
) -> None:
    before, during = mixed(15, 2), mixed(15, 3)

    class Slow(StreamLog):
        """Long enough for new events to come between batches."""

        async def replay(self) -> AsyncIterator[Sequence[Heard]]:
            async for batch in super().replay():
                for start in range(0, len(batch), 20):
                    yield batch[start : start + 20]
                    assert (await queries.orders("c-1", 50)).orders
                    await asyncio.sleep(0.05)

    async with listening(consumer.run()):
        await publish(broker, before)
        await eventually(lambda: caught_up(broker))
        done, _ = await asyncio.gather(Rebuilder(stored, stored, Slow(broker)).run(), publish(broker, during))
        await eventually(lambda: caught_up(broker))
    reference = await stored.begin()
    await Rebuilder(stored, stored, StreamLog(broker)).fill(reference)
    rebuilt = await contents(database, done.generation)
    assert rebuilt == await contents(database, reference)
    assert [len(rows) for rows in rebuilt] == [30, len(before) + len(during)]


async def test_an_empty_view_is_built_from_the_stream_alone(
    broker: Broker, rebuilder: Rebuilder, queries: Queries
) -> None:
    """As after the loss of the whole database."""
    assert (await rebuilder.run()).events == 0
    await publish(broker, story.confirmed())
    assert (await rebuilder.run()).events == 7
    [order] = (await queries.orders("c-1", 10)).orders
    assert order.status == "confirmed"


async def test_a_rebuild_that_fails_leaves_the_old_view(
    broker: Broker, stored: PostgresView, consumer: Consumer, queries: Queries, rebuilder: Rebuilder
) -> None:
    class Broken(StreamLog):
        async def replay(self) -> AsyncIterator[Sequence[Heard]]:
            async for batch in super().replay():
                yield batch
            raise ConnectionError("broken off")

    async with listening(consumer.run()):
        await publish(broker, story.confirmed())
        await eventually(lambda: caught_up(broker))
    with pytest.raises(ConnectionError, match="broken off"):
        await Rebuilder(stored, stored, Broken(broker)).run()
    assert [each.state for each in await stored.all()] == ["live"]
    assert len((await queries.orders("c-1", 10)).orders) == 1
    assert (await rebuilder.run()).events == 7


async def test_two_rebuilds_do_not_run_at_once(rebuilder: Rebuilder) -> None:
    number = await rebuilder.begin()
    with pytest.raises(RebuildRunningError, match="is being built anew already"):
        await rebuilder.run()
    assert (await rebuilder.fill(number)).generation == number


async def test_the_lag_is_seen_and_made_up_for(broker: Broker, consumer: Consumer, metrics: Metrics) -> None:
    lag = Lag(broker, metrics, 0.1)

    def figures() -> tuple[float, float]:
        values = [metrics.registry.get_sample_value(f"orderview_lag_{unit}") for unit in ("events", "seconds")]
        return values[0] or 0.0, values[1] or 0.0

    async with listening(consumer.run()):
        await publish(broker, story.confirmed())
        await eventually(lambda: caught_up(broker))
    await lag.measure()
    assert figures() == (0.0, 0.0)
    await asyncio.sleep(1.2)
    began = datetime.now(UTC)
    await publish(broker, story.declined())
    await asyncio.sleep(0.5)
    await lag.measure()
    events, seconds = figures()
    assert events >= 6  # NATS 2.9 counts one or two too many now and then
    assert 0.5 <= seconds <= (datetime.now(UTC) - began).total_seconds()
    async with listening(consumer.run(), lag.run()):
        await eventually(lambda: asyncio.sleep(0, figures() == (0.0, 0.0)))


async def test_the_consumer_rides_out_a_broker_that_is_killed(
    broker: Broker, impatient: Broker, consumer: Consumer, queries: Queries, nats_server: Program
) -> None:
    """Killed, it may forget what was acknowledged last: that comes again, after `ack_wait`."""
    first, second = story.confirmed(), story.declined()
    async with listening(impatient.consume("orderview", ADDS, consumer.handle)):
        await publish(broker, first)
        await eventually(lambda: caught_up(broker))
        nats_server.kill()
        await asyncio.sleep(0.5)
        nats_server.start()
        await eventually(lambda: _published(broker, second))
        await eventually(lambda: caught_up(broker))
    assert len((await queries.orders("c-1", 10)).orders) == 2


@pytest.mark.parametrize("moment", ["before-commit", "before-ack"])
async def test_a_consumer_killed_midway_leaves_the_message_to_the_next(
    moment: str,
    broker: Broker,
    impatient: Broker,
    consumer: Consumer,
    queries: Queries,
    database_url: str,
    nats_url: str,
) -> None:
    events = story.confirmed()
    await publish(broker, events)
    await killed_midway(KILLED, moment, DB=database_url, NATS=nats_url)
    assert len((await queries.orders("c-1", 10)).orders) == {"before-commit": 0, "before-ack": 1}[moment]
    async with listening(impatient.consume("orderview", ADDS, consumer.handle)):
        await eventually(lambda: caught_up(broker))
    view, history = await queries.order(events[0].subject)
    assert view.status == "confirmed"
    assert len(history) == len(events)


async def _published(broker: Broker, events: Sequence[Event]) -> bool:
    try:
        await publish(broker, events)
    except ConnectionError:
        return False
    return True
