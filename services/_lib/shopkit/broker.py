"""Events over NATS JetStream: published until acknowledged, consumed at least once, put aside when they cannot be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from types import TracebackType

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NotFoundError
from nats.js.errors import Error as JetStreamError
from opentelemetry.trace import SpanKind

from shopkit import tracing
from shopkit.cancelling import heed
from shopkit.events import Event, SchemaError
from shopkit.metrics import Metrics
from shopkit.settings import ACK_WAIT_SECONDS, Nats

STREAM = "SHOP"
DEAD = "DEAD"
BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the second, third, … delivery; the last one repeats."""
_TROUBLE = (nats.errors.Error, JetStreamError, OSError, asyncio.TimeoutError)
Handler = Callable[[Event], Awaitable[None]]
_log = structlog.stdlib.get_logger("shopkit.broker")


class BrokerError(ConnectionError):
    """The broker did not take or answer; nothing is known to be stored."""


class ClosedError(RuntimeError):
    """The broker was closed by this process."""


class Broker:
    """One connection, made when first needed and made again whenever it is lost. An async context manager closes it."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        name: str,
        metrics: Metrics | None = None,
        *,
        ack_wait: float = ACK_WAIT_SECONDS,
    ) -> None:
        self._url = url
        self._user = user
        self._password = password
        self._name = name
        self._ack_wait = ack_wait
        self._client = Client()
        self._stream: JetStreamContext | None = None
        self._connecting = asyncio.Lock()
        self._closed = False
        metrics = metrics or Metrics(name)
        self._published = metrics.counter("events_published_total", "Events stored by the broker", ("type",))
        self._consumed = metrics.counter(
            "events_consumed_total",
            "Deliveries by outcome: done, retry, dead, undecodable",
            ("consumer", "type", "outcome"),
        )
        self._seconds = metrics.histogram("event_handling_seconds", "Seconds in a handler", ("consumer", "type"))

    @classmethod
    def of(cls, nats: Nats, name: str, metrics: Metrics | None = None) -> Broker:
        """The broker that the settings name."""
        return cls(nats.url, nats.user, nats.password, name, metrics, ack_wait=nats.ack_wait_seconds)

    async def __aenter__(self) -> Broker:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def connected(self) -> bool:
        """Whether the broker can be spoken to now."""
        return self._client.is_connected

    async def connect(self) -> None:
        """Connect and make the streams, unless that is done. Raises BrokerError."""
        await self._jetstream()

    async def jetstream(self) -> JetStreamContext:
        """The client's own interface, connected, for what this class does not offer. Raises BrokerError."""
        return await self._jetstream()

    async def _jetstream(self) -> JetStreamContext:
        async with self._connecting:
            if self._closed:
                raise ClosedError(f"the connection to {self._url} was closed")
            if self._stream is not None:
                if not self._client.is_connected:
                    raise BrokerError(f"no connection to {self._url}")
                return self._stream
            client = Client()
            try:
                await asyncio.wait_for(
                    client.connect(
                        self._url,
                        user=self._user or None,
                        password=self._password or None,
                        name=self._name,
                        # An inbox of its own, so that a server can keep users from hearing each other's answers.
                        inbox_prefix=f"_INBOX.{self._user}" if self._user else "_INBOX",
                        connect_timeout=2,
                        reconnect_time_wait=0.25,  # type: ignore[arg-type]  # seconds, passed to asyncio.sleep
                        max_reconnect_attempts=-1,
                        # A server whose machine died does not end the connection: it stops answering.
                        ping_interval=5,
                        max_outstanding_pings=2,
                        error_cb=_quiet,
                    ),
                    timeout=5,
                )
                stream = client.jetstream(timeout=5)
                await _make_streams(stream)
            except _TROUBLE as error:
                with contextlib.suppress(Exception):
                    await client.close()
                raise BrokerError(f"no connection to {self._url}: {error or type(error).__name__}") from error
            self._client, self._stream = client, stream
            return stream

    async def ensure_streams(self) -> None:
        """Make the streams that are missing. Raises BrokerError."""
        try:
            await _make_streams(await self._jetstream())
        except _TROUBLE as error:
            raise BrokerError(f"streams cannot be made: {error}") from error

    async def close(self) -> None:
        """Close the connection; what was taken but not acknowledged is delivered again to another."""
        self._closed = True
        if self._stream is not None:
            self._stream = None
            await self._client.close()

    async def publish(self, event: Event) -> None:
        """Store an event; one with an id stored in the last ten minutes is not stored again. Raises BrokerError."""
        attributes = {
            "messaging.system": "nats",
            "messaging.destination.name": f"shop.{event.type}",
            "messaging.message.id": event.id,
        }
        with tracing.span(f"publish {event.type}", SpanKind.PRODUCER, event.traceparent or None, dict(attributes)):
            body = event.caused_by(tracing.inject() or event.traceparent).encode()
            try:
                stream = await self._jetstream()
                await stream.publish(f"shop.{event.type}", body, timeout=5, headers={"Nats-Msg-Id": event.id})
            except _TROUBLE as error:
                raise BrokerError(f"event {event.id} was not stored: {error or type(error).__name__}") from error
        self._published.labels(event.type).inc()

    async def consume(
        self,
        durable: str,
        types: Collection[str],
        handler: Handler,
        *,
        max_deliver: int = 8,
        backoff: Sequence[float] = BACKOFF,
        concurrency: int = 1,
    ) -> None:
        """Handle every event of these types at least once, for ever; rides out a lost broker.

        One that fails comes again after `backoff`; the `max_deliver`th failure puts it into the stream DEAD. With a
        `concurrency` of 1 events come in order, but for those that come again. A handler has `ack_wait` seconds.
        """
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(self._consume(durable, frozenset(types), handler, max_deliver, backoff))

    async def _consume(
        self,
        durable: str,
        types: frozenset[str],
        handler: Handler,
        max_deliver: int,
        backoff: Sequence[float],
    ) -> None:
        config = api.ConsumerConfig(
            durable_name=durable,
            filter_subject=_filter(types),
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait,
            # Counted here: what the server gives up on would be neither done nor put aside.
            max_deliver=-1,
            max_ack_pending=1000,
        )
        while True:
            try:
                stream = await self._jetstream()
                await stream.add_consumer(STREAM, config)
                pull = await stream.pull_subscribe_bind(durable, STREAM)
                try:
                    while self._stream is stream:
                        heed()
                        try:
                            [message] = await pull.fetch(1, timeout=5)
                        except nats.errors.TimeoutError:
                            # Nothing new, or a lost connection, a server that forgot us: asked anew, that shows.
                            await stream.consumer_info(STREAM, durable)
                            continue
                        await self._take(durable, types, handler, max_deliver, backoff, message)
                finally:
                    with contextlib.suppress(Exception):
                        await pull.unsubscribe()
            except (BrokerError, *_TROUBLE) as error:
                await _ride_out(durable, error)

    async def _take(
        self,
        durable: str,
        types: frozenset[str],
        handler: Handler,
        max_deliver: int,
        backoff: Sequence[float],
        message: Msg,
    ) -> None:
        """One delivery: handled, given back, or put aside."""
        type_ = message.subject.removeprefix("shop.")
        if type_ not in types:
            await message.ack()
            return
        delivered = message.metadata.num_delivered
        try:
            event = Event.decode(message.data)
        except SchemaError as error:
            _log.error("event is undecodable", consumer=durable, subject=message.subject, error=str(error))
            await self._bury(durable, message, f"undecodable: {error}")
            self._consumed.labels(durable, type_, "undecodable").inc()
            return
        attributes = {
            "messaging.system": "nats",
            "messaging.destination.name": message.subject,
            "messaging.consumer.group.name": durable,
            "messaging.message.id": event.id,
        }
        with tracing.span(f"process {type_}", SpanKind.CONSUMER, event.traceparent, dict(attributes)) as span:
            try:
                # Deliveries without an outcome are those that the process did not survive.
                if delivered > 2 * max_deliver:
                    raise RuntimeError(f"no outcome after {delivered} deliveries")
                with self._seconds.labels(durable, type_).time():
                    await handler(event)
            except Exception as error:
                span.record_exception(error)
                if delivered >= max_deliver:
                    _log.exception(
                        "event is put aside", consumer=durable, event_type=type_, id=event.id, delivered=delivered
                    )
                    await self._bury(durable, message, f"{type(error).__name__}: {error}")
                    self._consumed.labels(durable, type_, "dead").inc()
                else:
                    wait = backoff[min(delivered, len(backoff)) - 1] if backoff else 0.0
                    _log.warning(
                        "event comes again",
                        consumer=durable,
                        event_type=type_,
                        id=event.id,
                        delivered=delivered,
                        seconds=wait,
                        error=f"{type(error).__name__}: {error}",
                    )
                    await message.nak(wait)
                    self._consumed.labels(durable, type_, "retry").inc()
            else:
                await message.ack_sync(timeout=5)
                _log.info("event handled", consumer=durable, event_type=type_, id=event.id, subject=event.subject)
                self._consumed.labels(durable, type_, "done").inc()

    async def _bury(self, durable: str, message: Msg, reason: str) -> None:
        """Put a message into the dead letters, then end it here."""
        stream = await self._jetstream()
        headers = {
            "Nats-Msg-Id": f"{durable}:{message.metadata.sequence.stream}",
            "Shop-Subject": message.subject,
            "Shop-Reason": " ".join(reason.split())[:500],
        }
        await stream.publish(f"dead.{durable}", message.data, timeout=5, headers=headers)
        await message.term()

    async def subscribe_ephemeral(self, types: Collection[str], handler: Handler) -> None:
        """Give every new event of these types to this process, for ever; what it misses is not made up for.

        For what can be forgotten, as copies in a cache; a handler's failure is logged.
        """
        wanted = frozenset(types)

        async def take(message: Msg) -> None:
            try:
                if message.subject.removeprefix("shop.") in wanted:
                    event = Event.decode(message.data)
                    with tracing.span(f"process {event.type}", SpanKind.CONSUMER, event.traceparent):
                        await handler(event)
            except Exception:
                _log.exception("event failed", subject=message.subject)

        while True:
            try:
                stream = await self._jetstream()
                subscription = await stream.subscribe(
                    _filter(wanted), stream=STREAM, cb=take, ordered_consumer=True, deliver_policy=api.DeliverPolicy.NEW
                )
                try:
                    while self._stream is stream:
                        await asyncio.sleep(1)
                finally:
                    with contextlib.suppress(Exception):
                        await subscription.unsubscribe()
            except (BrokerError, *_TROUBLE) as error:
                await _ride_out("", error)

    async def pending(self, durable: str) -> int:
        """How many events the durable consumer has not handled yet. Raises BrokerError."""
        try:
            info = await (await self._jetstream()).consumer_info(STREAM, durable)
        except NotFoundError:
            return 0
        except _TROUBLE as error:
            raise BrokerError(f"consumer {durable} cannot be asked: {error}") from error
        return (info.num_pending or 0) + (info.num_ack_pending or 0)


async def _ride_out(consumer: str, error: Exception) -> None:
    """Wait a second for the broker to come back."""
    heed()  # the client makes a cancellation an error when the connection is closed
    _log.warning("broker is away", consumer=consumer, error=str(error) or type(error).__name__)
    await asyncio.sleep(1)


def _filter(types: frozenset[str]) -> str:
    """One subject that covers the types: servers before 2.10 take no more than one."""
    return f"shop.{next(iter(types))}" if len(types) == 1 else "shop.>"


async def _make_streams(stream: JetStreamContext) -> None:
    for name, subjects in ((STREAM, ["shop.>"]), (DEAD, ["dead.>"])):
        config = api.StreamConfig(
            name=name, subjects=subjects, storage=api.StorageType.FILE, duplicate_window=600, max_age=0
        )
        try:
            await stream.stream_info(name)
        except NotFoundError:
            with contextlib.suppress(APIError):  # another process was faster
                await stream.add_stream(config)
            await stream.stream_info(name)


async def _quiet(error: Exception) -> None:
    _log.debug("broker connection", error=str(error) or type(error).__name__)
