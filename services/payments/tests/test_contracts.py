"""Interfaces as documents, held to the code."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from shopkit.events import Event
from shopkit.testing.contract import asyncapi, held

from payments import __doc__ as description
from payments import __version__
from payments.adapters.events import RECEIVES, SERVICE, TYPES, event_of, handle
from payments.adapters.settings import Settings
from payments.application.payments import Payments
from payments.domain.charges import Charged, Declined, Fact, Money, Refunded
from payments.provider import __main__ as provider
from payments.provider.ledger import Ledger
from payments.service import Service

ROOT = Path(__file__).parent.parent
ORDER, CHARGE = str(uuid4()), str(uuid4())
EUR = Money(1290, "EUR")


async def test_openapi() -> None:
    held(ROOT / "openapi.json", Service(Settings.read({})).app.openapi())


def test_openapi_of_the_provider() -> None:
    application = provider.application(provider.Settings.read({}), Ledger(":memory:"))
    held(ROOT / "provider.openapi.json", application.openapi())


def test_asyncapi() -> None:
    document = asyncapi(SERVICE, __version__, str(description), sends=TYPES.values(), receives=RECEIVES)
    held(ROOT / "asyncapi.yaml", document)


@pytest.mark.parametrize(
    ("fact", "data"),
    [
        (Charged(ORDER, CHARGE, EUR), {"charge_id": CHARGE, "amount": {"amount": 1290, "currency": "EUR"}}),
        (Declined(ORDER, "no money"), {"reason": "no money"}),
        (
            Refunded(ORDER, CHARGE, EUR, "timeout"),
            {"charge_id": CHARGE, "amount": {"amount": 1290, "currency": "EUR"}, "reason": "timeout"},
        ),
    ],
)
def test_each_fact_is_an_event_that_its_schema_takes(fact: Fact, data: dict[str, object]) -> None:
    event = event_of(fact)
    assert (event.source, event.subject, event.data) == ("payments", ORDER, {"order_id": ORDER, **data})
    assert Event.decode(event.encode()).data == event.data


async def test_other_events_are_refused() -> None:
    with pytest.raises(ValueError, match=r"event type payments.declined.v1 is none of orders.payment-requested.v1"):
        await handle(Payments(None, None, None), event_of(Declined(ORDER, "no")))  # type: ignore[arg-type]
