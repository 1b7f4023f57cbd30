"""Interfaces as documents, held to the code."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from shopkit.events import Event
from shopkit.testing.contract import asyncapi, held

from notifications import __doc__ as description
from notifications import __version__
from notifications.__main__ import Service
from notifications.adapters.events import RECEIVES, SENDS, SERVICE, handle, sent
from notifications.adapters.settings import Settings
from notifications.application.notifications import Notifications
from notifications.domain.mails import Kind, recipient_hash
from notifications.sink import __main__ as sink

ROOT = Path(__file__).parent.parent


def test_openapi() -> None:
    held(ROOT / "openapi.json", Service(Settings.read({})).app.openapi())


def test_openapi_of_the_sink() -> None:
    held(ROOT / "sink.openapi.json", sink.Sink(sink.Settings.read({})).app.openapi())


def test_asyncapi() -> None:
    held(ROOT / "asyncapi.yaml", asyncapi(SERVICE, __version__, str(description), sends=SENDS, receives=RECEIVES))


@pytest.mark.parametrize("kind", Kind)
def test_each_mail_is_an_event_that_its_schema_takes(kind: Kind) -> None:
    order = str(uuid4())
    event = sent(order, kind, "Ann@example.org")
    assert event.data == {"order_id": order, "kind": kind.value, "recipient_hash": recipient_hash("ann@example.org")}
    assert Event.decode(event.encode()).data == event.data


async def test_other_events_are_refused() -> None:
    with pytest.raises(ValueError, match=r"event type notifications.mail-sent.v1 is none of orders.order-confirmed.v1"):
        await handle(
            Notifications(None, None, None, "shop.test"),  # type: ignore[arg-type]
            sent(str(uuid4()), Kind.CONFIRMED, "ann@example.org"),
        )
