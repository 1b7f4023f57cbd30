"""What a consumer put aside: its letters in the stream DEAD, to look at and to handle again.

Letters stay in the stream, as a record; a durable consumer of DEAD, named as the one that put them aside, knows which
of them are done with.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import nats.errors
from nats.aio.msg import Msg
from nats.js import api
from nats.js.errors import Error

from shopkit.broker import DEAD, Broker, BrokerError

_TROUBLE = (nats.errors.Error, Error, OSError, asyncio.TimeoutError)


@dataclass(frozen=True, slots=True)
class Letter:
    """Its number in the stream, when it was put aside, the subject it came by, why, and its body as it came."""

    number: int
    time: datetime
    subject: str
    reason: str
    body: bytes
    message: Msg = field(repr=False, compare=False)

    async def done(self) -> None:
        """It was handled, and does not come again. Raises BrokerError."""
        try:
            await self.message.ack_sync(timeout=5)
        except _TROUBLE as error:
            raise BrokerError(f"dead letter {self.number} may come again: {error or type(error).__name__}") from error


async def letters(broker: Broker, durable: str, *, seconds: float = 60.0) -> AsyncIterator[Letter]:
    """The consumer's letters that are not done with, each once, oldest first. Raises BrokerError.

    One that is not done with after `seconds`, or when no more are asked for, comes again to the next who asks.
    """
    config = api.ConsumerConfig(
        durable_name=durable,
        filter_subject=f"dead.{durable}",
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=seconds,
        max_ack_pending=100_000,
    )
    taken: dict[int, Msg] = {}
    try:
        stream = await broker.jetstream()
        await stream.add_consumer(DEAD, config)
        pull = await stream.pull_subscribe_bind(durable, DEAD)
        try:
            while True:
                try:
                    [message] = await pull.fetch(1, timeout=1)
                except nats.errors.TimeoutError:
                    return
                number = message.metadata.sequence.stream
                if number in taken:
                    return
                taken[number] = message
                headers = message.headers or {}
                yield Letter(
                    number,
                    message.metadata.timestamp,
                    headers.get("Shop-Subject", ""),
                    headers.get("Shop-Reason", ""),
                    message.data,
                    message,
                )
        finally:
            for message in taken.values():
                with suppress(nats.errors.Error):  # done with, or given back now
                    await message.nak()
            await pull.unsubscribe()
    except _TROUBLE as error:
        raise BrokerError(f"dead letters cannot be read: {error or type(error).__name__}") from error
