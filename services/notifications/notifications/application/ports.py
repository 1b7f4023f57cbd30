"""What the use cases ask of a store, of the one who carries mails, and of those who watch."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Protocol

from notifications.domain.mails import Kind, Mail


class Delivery(StrEnum):
    """Where a mail stands. REFUSED: the server will never take it."""

    PENDING = "pending"
    SENT = "sent"
    REFUSED = "refused"


class TransportError(Exception):
    """The mail server did not say that it took the mail; it may have. Sending it again is the remedy."""


class RefusedError(Exception):
    """The mail server will never take this mail."""


class Work(Protocol):
    """One transaction: everything in it happens, or nothing."""

    async def remember(self, order_id: str, recipient: str) -> None:
        """Keep who is to be told of an order."""

    async def recipient(self, order_id: str) -> str | None:
        """Who is to be told of an order."""

    async def claim(self, order_id: str, kind: Kind) -> Delivery | None:
        """Take the mail in hand for a while: PENDING says that it is ours to send, None that another has it in hand."""

    async def done(self, order_id: str, kind: Kind, delivery: Delivery, mail: Mail) -> None:
        """Note what became of the mail, and announce it if it was sent."""

    async def give_back(self, order_id: str, kind: Kind) -> None:
        """Let go of a mail that could not be sent, so that the next attempt need not wait."""


class Store(Protocol):
    """Where recipients and mails are remembered."""

    def transaction(self) -> AbstractAsyncContextManager[Work]:
        """A transaction that commits at the end of the block and rolls back on an exception."""


class Transport(Protocol):
    """Who carries mails."""

    async def send(self, mail: Mail) -> None:
        """Hand the mail over. Raises TransportError, RefusedError."""


class Watch(Protocol):
    """Who counts what happens."""

    def mailed(self, kind: str, outcome: str) -> None:
        """A mail was sent, refused, failed, or repeated (had gone out before)."""
