"""What consumers put aside: the letters of the stream DEAD, to look at, handle again and remove."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import nats.errors
from nats.js.errors import Error, NotFoundError

from shopkit.broker import DEAD, Broker, BrokerError


@dataclass(frozen=True, slots=True)
class Letter:
    """Its number in the stream, when it was put aside, the subject it came by, why, and its body as it came."""

    number: int
    time: datetime
    subject: str
    reason: str
    body: bytes


class DeadLetters:
    """The letters of one consumer."""

    def __init__(self, broker: Broker, durable: str) -> None:
        self._broker = broker
        self._subject = f"dead.{durable}"

    async def all(self) -> AsyncIterator[Letter]:
        """Those that are there by now, oldest first. Raises BrokerError."""
        last: int | None = None
        number = 0
        while last is None or number < last:
            try:
                stream = await self._broker.jetstream()
                if last is None:
                    last = (await stream.stream_info(DEAD)).state.last_seq
                message = await stream.get_msg(DEAD, seq=number + 1, subject=self._subject, next=True)
            except NotFoundError:
                return
            except (nats.errors.Error, Error) as error:
                raise BrokerError(f"dead letters cannot be read: {error or type(error).__name__}") from error
            if message.seq is None or message.seq > last:
                return
            number = message.seq
            headers = message.headers or {}
            yield Letter(
                number,
                message.time or datetime.fromtimestamp(0, UTC),
                headers.get("Shop-Subject", ""),
                headers.get("Shop-Reason", ""),
                message.data or b"",
            )

    async def remove(self, letter: Letter) -> None:
        """Remove a letter that was handled. Raises BrokerError."""
        try:
            await (await self._broker.jetstream()).delete_msg(DEAD, letter.number)
        except (nats.errors.Error, Error) as error:
            raise BrokerError(f"dead letter {letter.number} cannot be removed: {error}") from error
