"""A store and a transport in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from notifications.application.ports import Delivery
from notifications.domain.mails import Kind, Mail, recipient_hash


class MemoryStore:
    """One transaction at a time; the claims end when told."""

    def __init__(self) -> None:
        self.recipients: dict[str, str] = {}
        self.mails: dict[tuple[str, Kind], Delivery] = {}
        self.in_hand: set[tuple[str, Kind]] = set()
        self.announced: list[tuple[str, Kind, str]] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryStore]:
        yield self

    async def remember(self, order_id: str, recipient: str) -> None:
        self.recipients[order_id] = recipient

    async def recipient(self, order_id: str) -> str | None:
        return self.recipients.get(order_id)

    async def claim(self, order_id: str, kind: Kind) -> Delivery | None:
        delivery = self.mails.setdefault((order_id, kind), Delivery.PENDING)
        if delivery is Delivery.PENDING:
            if (order_id, kind) in self.in_hand:
                return None
            self.in_hand.add((order_id, kind))
        return delivery

    async def done(self, order_id: str, kind: Kind, delivery: Delivery, mail: Mail) -> None:
        self.mails[order_id, kind] = delivery
        if delivery is Delivery.SENT:
            self.announced.append((order_id, kind, recipient_hash(mail.recipient)))

    async def give_back(self, order_id: str, kind: Kind) -> None:
        self.in_hand.discard((order_id, kind))


class MemoryTransport:
    """Keeps what it is given; fails as told, before or after taking the mail."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.before: Exception | None = None
        self.after: BaseException | None = None

    async def send(self, mail: Mail) -> None:
        if self.before:
            raise self.before
        self.mails.append(mail)
        if self.after:
            raise self.after


class Counts:
    def __init__(self) -> None:
        self.outcomes: list[tuple[str, str]] = []

    def mailed(self, kind: str, outcome: str) -> None:
        self.outcomes.append((kind, outcome))
