"""The stream as a log: everything that ever happened, once more, and how old is what a consumer has not handled yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from datetime import UTC, datetime

import nats.errors
import structlog
from nats.js import api
from nats.js.errors import Error as JetStreamError
from nats.js.errors import NotFoundError

from shopkit.broker import STREAM, Broker, BrokerError
from shopkit.events import Event, SchemaError

_TROUBLE = (nats.errors.Error, JetStreamError, OSError, TimeoutError)
_log = structlog.stdlib.get_logger("shopkit.history")


async def replay(broker: Broker, types: Collection[str], *, batch: int = 200) -> AsyncIterator[list[Event]]:
    """All events of these types, from the first to the last one there is now, in order; up to `batch` at a time.

    Leaves no trace at the broker. What is no event of this shop is logged and left out. Raises BrokerError.
    """
    try:
        stream = await broker.jetstream()
        last = (await stream.stream_info(STREAM)).state.last_seq
        if last == 0:
            return
        subscription = await stream.subscribe(
            "shop.>", stream=STREAM, ordered_consumer=True, deliver_policy=api.DeliverPolicy.ALL
        )
        try:
            found: list[Event] = []
            reached = 0
            while reached < last:
                message = await subscription.next_msg(timeout=10)
                reached = message.metadata.sequence.stream
                if reached <= last and message.subject.removeprefix("shop.") in types:
                    try:
                        found.append(Event.decode(message.data))
                    except SchemaError as error:
                        _log.error("event is undecodable", sequence=reached, error=str(error))
                if len(found) >= batch:
                    yield found
                    found = []
            if found:
                yield found
        finally:
            with suppress(*_TROUBLE):
                await subscription.unsubscribe()
    except _TROUBLE as error:
        raise BrokerError(f"the stream cannot be replayed: {error or type(error).__name__}") from error


async def oldest_pending(broker: Broker, durable: str) -> datetime | None:
    """When the oldest event was stored that the durable consumer has not handled yet; None: it has handled all.

    Raises BrokerError.
    """
    try:
        stream = await broker.jetstream()
        handled = (await stream.consumer_info(STREAM, durable)).ack_floor
        message = await stream.get_msg(
            STREAM, seq=(handled.stream_seq if handled else 0) + 1, subject="shop.>", next=True
        )
    except NotFoundError:
        return None
    except _TROUBLE as error:
        raise BrokerError(f"consumer {durable} cannot be asked: {error or type(error).__name__}") from error
    return message.time.astimezone(UTC) if message.time else None
