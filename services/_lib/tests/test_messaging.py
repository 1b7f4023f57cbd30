"""Events over a real broker and a real database: none lost, effects once, whatever stops midway."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Self
from uuid import uuid4

import psycopg
import pytest
from nats.aio.client import Client
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from shopkit import inbox, outbox, settings, tracing
from shopkit.broker import DEAD, STREAM, Broker, BrokerError, ClosedError
from shopkit.cancelling import end
from shopkit.database import Database, MigrationError
from shopkit.events import Event
from shopkit.metrics import Metrics
from shopkit.testing.programs import Program

TYPE = "stock.committed.v1"


def happened(number: int, type_: str = TYPE) -> Event:
    return Event.new("stock", type_, str(number), {"order_id": str(uuid4()), "reason": "test"})


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(seconds):
        while not await true():
            await asyncio.sleep(0.02)


async def consumers(broker: Broker, number: int) -> None:
    """Wait until so many consumers are there."""
    stream = await broker.jetstream()

    async def there() -> bool:
        return len(await stream.consumers_info(STREAM)) == number

    await until(there)


@contextlib.asynccontextmanager
async def background(*work: Awaitable[None]) -> AsyncIterator[None]:
    """The work goes on within the block."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        yield
    finally:
        await end(tasks)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        assert await database.migrate("shopkit") == ["0001_outbox_inbox.sql"]
        yield database


@pytest.fixture
def stopping(nats_server: Program) -> Iterator[Program]:
    """A NATS server that the test may stop; it runs again afterwards."""
    yield nats_server
    if nats_server.process is None:
        nats_server.start()


async def write(database: Database, *events: Event) -> None:
    async with database.transaction() as connection:
        for event in events:
            await outbox.add(connection, event)


async def pending(database: Database) -> int:
    async with database.transaction() as connection:
        row = await (await connection.execute("select count(*) from outbox where sent_at is null")).fetchone()
    return int(row[0]) if row else -1


async def stored(url: str, stream: str = STREAM) -> list[tuple[str, bytes, dict[str, str]]]:
    """Every message of a stream, in order."""
    client = Client()
    await client.connect(url)
    try:
        jetstream = client.jetstream()
        info = await jetstream.stream_info(stream)
        messages = (
            [await jetstream.get_msg(stream, seq) for seq in range(info.state.first_seq, info.state.last_seq + 1)]
            if info.state.messages
            else []
        )
        return [(m.subject or "", m.data or b"", m.headers or {}) for m in messages]
    finally:
        await client.close()


async def subjects(url: str) -> list[str]:
    return [Event.decode(body).subject for _, body, _ in await stored(url)]


# The outbox


async def test_what_is_undone_is_not_told(database: Database, broker: Broker, nats_url: str) -> None:
    with contextlib.suppress(RuntimeError):
        async with database.transaction() as connection:
            await outbox.add(connection, happened(1))
            raise RuntimeError
    await write(database, happened(2))
    assert await outbox.Relay(database, broker, Metrics("test")).batch() == 1
    assert await subjects(nats_url) == ["2"]


async def test_the_relay_hears_of_events_at_once_and_keeps_order(
    database: Database, broker: Broker, nats_url: str
) -> None:
    metrics = Metrics("test")
    relay = outbox.Relay(database, broker, metrics, batch=7, poll_seconds=60)
    async with background(relay.run()):
        await asyncio.sleep(0.2)
        await write(database, *(happened(n) for n in range(20)))

        async def told() -> bool:
            return await pending(database) == 0

        await until(told, 30)  # far sooner than it polls
    assert await subjects(nats_url) == [str(n) for n in range(20)]
    assert sample(metrics.registry, "outbox_pending") == 0
    assert sample(metrics.registry, "outbox_sent_total") == 20


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


async def test_two_relays_take_turns(database: Database, nats_url: str) -> None:
    await write(database, *(happened(n) for n in range(60)))
    async with Broker(nats_url, "", "", "a") as first, Broker(nats_url, "", "", "b") as second:
        relays = [outbox.Relay(database, one, Metrics("t"), batch=5, poll_seconds=0.05) for one in (first, second)]
        async with background(*(relay.run() for relay in relays)):

            async def told() -> bool:
                return await pending(database) == 0

            await until(told)
    assert await subjects(nats_url) == [str(n) for n in range(60)]


async def test_a_broker_that_is_down_for_a_while_loses_nothing(
    database: Database, nats_url: str, stopping: Program
) -> None:
    metrics = Metrics("test")
    async with Broker(nats_url, "", "", "test") as broker:
        await broker.connect()
        async with background(outbox.Relay(database, broker, metrics, poll_seconds=0.1).run()):
            await write(database, happened(0))

            async def told() -> bool:
                return await pending(database) == 0

            await until(told)
            stopping.kill()
            for number in range(1, 6):
                await write(database, happened(number))
                await asyncio.sleep(0.1)
            with pytest.raises(BrokerError, match=r"no connection|was not stored"):
                await broker.publish(happened(99))
            assert await pending(database) == 5

            async def seen() -> bool:
                return sample(metrics.registry, "outbox_pending") == 5

            await until(seen)
            stopping.start()
            await until(told)
    assert await subjects(nats_url) == [str(n) for n in range(6)]


class Sidecar:
    """Passes connections on, as a sidecar: those made before `lose` stay open and silent, as when a machine dies."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._pumps: set[asyncio.Task[None]] = set()
        self.address = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._passed, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.lose()
        self._server.close()

    def lose(self) -> None:
        for pump in self._pumps:
            pump.cancel()

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._port)
        for source, sink in ((reader, server_writer), (server_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
            sink.close()


async def test_servers_that_die_behind_a_sidecar_are_given_up(
    database_url: str, postgres_server: Program, nats_url: str, nats_server: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shopkit.database._ANSWER_SECONDS", 1.0)
    async with (
        Sidecar(postgres_server.port) as postgres,
        Sidecar(nats_server.port) as nats,
        Database(database_url.replace(f"127.0.0.1:{postgres_server.port}", postgres.address)) as database,
        Broker(f"nats://{nats.address}", "", "", "test") as broker,
    ):
        await database.migrate("shopkit")
        await broker.connect()
        async with background(outbox.Relay(database, broker, Metrics("test"), poll_seconds=0.1).run()):
            await write(database, happened(0))

            async def told() -> bool:
                return await pending(database) == 0

            await until(told)
            async with database.transaction() as connection:
                postgres.lose()
                nats.lose()
                with pytest.raises(psycopg.OperationalError, match="gave no answer"):
                    await connection.execute("select 1")
            async with Database(database_url) as other:  # one that was not cut off
                await write(other, happened(1))
            await until(told, seconds=60)
    assert await subjects(nats_url) == ["0", "1"]


RELAY = """
import asyncio, os, sys
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.outbox import Relay

class Slow(Broker):
    async def publish(self, event):
        await super().publish(event)
        print(event.subject, flush=True)
        await asyncio.sleep(0.02)

async def main():
    async with Database(sys.argv[1]) as database, Slow(sys.argv[2], "", "", "relay") as broker:
        await Relay(database, broker, Metrics("relay"), batch=1000).run()

asyncio.run(main())
"""


async def test_a_relay_killed_midway_loses_nothing(database: Database, database_url: str, nats_url: str) -> None:
    await write(database, *(happened(n) for n in range(50)))
    for after in (3, 11):
        with subprocess.Popen(
            [sys.executable, "-c", RELAY, database_url, nats_url],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(outbox.__file__).parent.parent)},
        ) as relay:
            assert relay.stdout is not None
            for _ in range(after):
                assert await asyncio.to_thread(relay.stdout.readline)
            relay.send_signal(signal.SIGKILL)
    assert await pending(database) == 50  # what it had sent was not marked, and is sent again
    async with Broker(nats_url, "", "", "test") as broker:
        relay_again = outbox.Relay(database, broker, Metrics("test"))

        async def told() -> bool:
            with contextlib.suppress(BrokerError):
                await relay_again.batch()
            return await pending(database) == 0

        await until(told)
    assert await subjects(nats_url) == [str(n) for n in range(50)]  # the broker knows an id it has


# The inbox


async def test_effects_once(database: Database) -> None:
    event, undone = happened(1), happened(2)
    async with database.transaction() as connection:
        assert await inbox.first_time(connection, "stock", event.id)
        assert not await inbox.first_time(connection, "stock", event.id)
        assert await inbox.first_time(connection, "other", event.id)
    with contextlib.suppress(RuntimeError):
        async with database.transaction() as connection:
            assert await inbox.first_time(connection, "stock", undone.id)
            raise RuntimeError
    async with database.transaction() as connection:
        assert not await inbox.first_time(connection, "stock", event.id)
        assert await inbox.first_time(connection, "stock", undone.id)


async def test_of_two_at_once_one_has_the_effect(database: Database) -> None:
    event = happened(1)

    async def take() -> bool:
        async with database.transaction() as connection:
            first = await inbox.first_time(connection, "stock", event.id)
            await asyncio.sleep(0.05)
            return first

    answers = await asyncio.gather(*(take() for _ in range(4)))
    assert sorted(answers) == [False, False, False, True]


# Consumers


async def test_a_failure_comes_again_and_then_goes_to_the_dead(nats_url: str) -> None:
    metrics = Metrics("test")
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.subject)
        if event.subject == "poison" or (event.subject == "1" and seen.count("1") < 3):
            raise RuntimeError("cannot\nnow")

    poison = Event.new("stock", TYPE, "poison", {"order_id": str(uuid4())})
    async with Broker(nats_url, "", "", "test", metrics) as broker:
        for event in (happened(1), poison, happened(2), happened(3, "stock.released.v1")):
            await broker.publish(event)
        types = [TYPE, "stock.released.v1"]
        async with background(broker.consume("stock", types, handle, max_deliver=4, backoff=(0.05, 0.1))):

            async def done() -> bool:
                return await broker.pending("stock") == 0 and seen.count("poison") == 4

            await until(done)
    assert (seen.count("1"), seen.count("2"), seen.count("3"), seen.count("poison")) == (3, 1, 1, 4)
    [(subject, body, headers)] = await stored(nats_url, DEAD)
    assert (subject, Event.decode(body).id) == ("dead.stock", poison.id)
    assert headers["Shop-Subject"] == f"shop.{TYPE}"
    assert headers["Shop-Reason"] == "RuntimeError: cannot now"
    outcomes = {
        outcome: sample(metrics.registry, "events_consumed_total", consumer="stock", type=TYPE, outcome=outcome)
        for outcome in ("done", "retry", "dead")
    }
    assert outcomes == {"done": 2, "retry": 5, "dead": 1}


async def test_what_cannot_be_read_is_put_aside_at_once(broker: Broker, nats_url: str) -> None:
    client = Client()
    await client.connect(nats_url)
    await client.jetstream().publish(f"shop.{TYPE}", b"{")
    await client.close()
    await broker.publish(happened(1))
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.subject)

    async with background(broker.consume("stock", [TYPE], handle)):

        async def done() -> bool:
            return await broker.pending("stock") == 0 and seen == ["1"]

        await until(done)
    [(_, body, headers)] = await stored(nats_url, DEAD)
    assert body == b"{"
    assert headers["Shop-Reason"].startswith("undecodable: not JSON")


async def test_other_types_are_passed_over(broker: Broker) -> None:
    for event in (happened(1, "stock.released.v1"), happened(2), happened(3, "stock.released.v1")):
        await broker.publish(event)
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.subject)

    async with background(broker.consume("some", [TYPE, "payments.charged.v1"], handle)):

        async def done() -> bool:
            return await broker.pending("some") == 0 and bool(seen)

        await until(done)
    assert seen == ["2"]
    assert await broker.pending("nobody") == 0


async def test_what_a_killed_consumer_had_comes_to_another(nats_url: str) -> None:
    async with Broker(nats_url, "", "", "a", ack_wait=1) as first:
        await first.publish(happened(1))
        stuck = asyncio.Event()

        async def hang(_: Event) -> None:
            stuck.set()
            await asyncio.sleep(60)

        async with background(first.consume("stock", [TYPE], hang)):
            await asyncio.wait_for(stuck.wait(), 60)
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.subject)

    patience = {"NATS_URL": nats_url, "NATS_ACK_WAIT_SECONDS": "1"}
    async with (
        Broker.of(settings.nats(patience), "b") as second,
        background(second.consume("stock", [TYPE], handle)),
    ):

        async def done() -> bool:
            return seen == ["1"]

        await until(done)


async def test_a_consumer_rides_out_a_broker_that_restarts(nats_url: str, stopping: Program) -> None:
    seen: list[str] = []

    async def handle(event: Event) -> None:
        seen.append(event.subject)

    async with Broker(nats_url, "", "", "test") as broker, Broker(nats_url, "", "", "other") as other:
        fresh: list[str] = []

        async def drop(event: Event) -> None:
            fresh.append(event.subject)
            raise RuntimeError("logged, no more")

        async with background(
            broker.consume("stock", [TYPE], handle, concurrency=2), broker.subscribe_ephemeral([TYPE], drop)
        ):
            await consumers(other, 2)
            await other.publish(happened(1))
            stopping.kill()
            await asyncio.sleep(0.3)
            stopping.start()

            async def back() -> bool:
                try:
                    await other.publish(happened(2))
                except BrokerError:
                    return False
                return True

            await until(back)

            async def done() -> bool:
                return set(seen) >= {"1", "2"}

            await until(done)
    assert fresh[0] == "1"


async def test_an_ephemeral_subscriber_hears_only_what_is_new(nats_url: str) -> None:
    async with Broker(nats_url, "", "", "test") as broker:
        await broker.publish(happened(1))
        seen: list[str] = []

        async def handle(event: Event) -> None:
            seen.append(event.subject)

        async with background(broker.subscribe_ephemeral([TYPE, "stock.released.v1"], handle)):
            await consumers(broker, 1)
            await broker.publish(happened(2))
            await broker.publish(happened(3, "stock.released.v1"))

            async def done() -> bool:
                return seen == ["2", "3"]

            await until(done)


async def test_a_trace_goes_through_publish_and_consume(nats_url: str) -> None:
    spans = InMemorySpanExporter()
    tracing.provider("test", "1", "test", SimpleSpanProcessor(spans))
    handled = asyncio.Event()

    async def handle(_: Event) -> None:
        with tracing.span("inside"):
            handled.set()

    async with Broker(nats_url, "", "", "test") as broker:
        with tracing.span("request") as request:
            event = happened(1)
        await broker.publish(event)
        async with background(broker.consume("stock", [TYPE], handle)):
            await asyncio.wait_for(handled.wait(), 60)

            async def done() -> bool:
                return len(spans.get_finished_spans()) == 4

            await until(done)
    found = {span.name: span for span in spans.get_finished_spans()}
    parents = {name: span.parent.span_id if span.parent else None for name, span in found.items()}
    ids = {name: span.context.span_id for name, span in found.items()}
    assert {span.context.trace_id for span in found.values()} == {request.get_span_context().trace_id}
    assert parents == {
        "request": None,
        f"publish {TYPE}": ids["request"],
        f"process {TYPE}": ids[f"publish {TYPE}"],
        "inside": ids[f"process {TYPE}"],
    }


async def test_a_broker_out_of_reach_says_where_it_should_be() -> None:
    async with Broker("nats://127.0.0.1:9", "", "", "test") as broker:
        with pytest.raises(BrokerError, match=r"no connection to nats://127\.0\.0\.1:9"):
            await broker.connect()
        with pytest.raises(BrokerError, match="was not stored"):
            await broker.publish(happened(1))
        assert not broker.connected
    with pytest.raises(ClosedError):
        await broker.connect()


# The database


async def test_migrations_run_once_however_many_start(database_url: str) -> None:
    async def migrate() -> list[str]:
        async with Database(database_url) as database:
            return await database.migrate("shopkit")

    done = await asyncio.gather(*(migrate() for _ in range(4)))
    assert sorted(done) == [[], [], [], ["0001_outbox_inbox.sql"]]


async def test_a_migration_that_fails_leaves_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "broken"
    (package / "migrations").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "migrations" / "0001_good.sql").write_text("create table good (a int);")
    (package / "migrations" / "0002_bad.sql").write_text("create table bad (a nothing);")
    monkeypatch.syspath_prepend(str(tmp_path))
    async with Database(database_url) as database:
        with pytest.raises(MigrationError, match=r"broken: migration 0002_bad\.sql failed"):
            await database.migrate("broken")
        (package / "migrations" / "0002_bad.sql").write_text("create table bad (a int); create table worse (a int);")
        assert await database.migrate("broken") == ["0001_good.sql", "0002_bad.sql"]
        (package / "migrations" / "0002_bad.sql").rename(package / "migrations" / "0003_bad.sql")
        with pytest.raises(MigrationError, match=r"0002_bad\.sql has run but is not here: run a newer version"):
            await database.migrate("broken")
        (package / "migrations" / "0003_again.sql").write_text("")
        with pytest.raises(MigrationError, match="each number once"):
            await database.migrate("broken")


async def test_a_database_out_of_reach_is_not_ready() -> None:
    async with Database("postgresql://nobody@127.0.0.1:9/none", "secret", wait_seconds=0.5) as database:
        assert not await database.ready()
