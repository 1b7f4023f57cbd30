"""Telling a customer once, whatever fails."""

from __future__ import annotations

import asyncio

import pytest
from memory import Counts, MemoryStore, MemoryTransport

from notifications.application.notifications import InHandError, Notifications, UnknownRecipientError
from notifications.application.ports import Delivery, RefusedError, TransportError
from notifications.domain.mails import Kind, Money, Notice, recipient_hash

ANN = "ann@example.org"
CANCELLED = Notice("o1", Kind.CANCELLED, None, "timeout")
REFUNDED = Notice("o1", Kind.REFUNDED, Money(1290, "EUR"), "timeout")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def transport() -> MemoryTransport:
    return MemoryTransport()


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def notifications(store: MemoryStore, transport: MemoryTransport, counts: Counts) -> Notifications:
    return Notifications(store, transport, counts, "shop.test")


async def test_a_mail_goes_out_once(
    notifications: Notifications, store: MemoryStore, transport: MemoryTransport, counts: Counts
) -> None:
    assert await notifications.tell(CANCELLED, ANN) is Delivery.SENT
    assert await notifications.tell(CANCELLED, ANN) is Delivery.SENT
    assert [mail.subject for mail in transport.mails] == ["Your order is cancelled"]
    assert store.announced == [("o1", Kind.CANCELLED, recipient_hash(ANN))]
    assert counts.outcomes == [("order-cancelled", "sent"), ("order-cancelled", "repeated")]


async def test_a_refund_goes_to_whom_the_order_is_known_by(
    notifications: Notifications, transport: MemoryTransport
) -> None:
    with pytest.raises(UnknownRecipientError, match="nobody is known to be told of order o1 yet"):
        await notifications.tell(REFUNDED)
    await notifications.tell(CANCELLED, ANN)
    assert await notifications.tell(REFUNDED) is Delivery.SENT
    assert [mail.recipient for mail in transport.mails] == [ANN, ANN]


async def test_a_server_that_is_away_is_asked_again(
    notifications: Notifications, transport: MemoryTransport, counts: Counts
) -> None:
    transport.before = TransportError("away")
    with pytest.raises(TransportError):
        await notifications.tell(CANCELLED, ANN)
    transport.before = None
    assert await notifications.tell(CANCELLED, ANN) is Delivery.SENT
    assert [outcome for _, outcome in counts.outcomes] == ["failed", "sent"]


async def test_a_refused_mail_is_not_tried_again(
    notifications: Notifications, store: MemoryStore, transport: MemoryTransport
) -> None:
    transport.before = RefusedError("no such mailbox")
    assert await notifications.tell(CANCELLED, ANN) is Delivery.REFUSED
    transport.before = None
    assert await notifications.tell(CANCELLED, ANN) is Delivery.REFUSED
    assert (transport.mails, store.announced) == ([], [])


async def test_who_dies_after_sending_leaves_a_copy_of_the_same_id(
    notifications: Notifications, store: MemoryStore, transport: MemoryTransport
) -> None:
    transport.after = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await notifications.tell(CANCELLED, ANN)
    transport.after = None
    with pytest.raises(InHandError, match="order-cancelled of order o1 is in another's hand"):
        await notifications.tell(CANCELLED, ANN)
    store.in_hand.clear()
    assert await notifications.tell(CANCELLED, ANN) is Delivery.SENT
    assert len(transport.mails) == 2
    assert len({mail.message_id for mail in transport.mails}) == 1
    assert len(store.announced) == 1
