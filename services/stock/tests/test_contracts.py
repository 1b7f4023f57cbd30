"""Interfaces as documents, held to the code; the seed, held to the catalog's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shopkit.events import Event, SchemaError
from shopkit.testing.contract import asyncapi, held

from stock import __doc__ as description
from stock import __version__
from stock.__main__ import Service
from stock.adapters.events import RECEIVES, SERVICE, TYPES, event_of, handle
from stock.adapters.settings import Settings
from stock.application.stock import Stock
from stock.domain.reservations import Committed, Line, Missing, Rejected, Released, Reserved

ROOT = Path(__file__).parent.parent
ORDER = "0190163d-8694-739b-aea5-966c26f8ad91"


def test_openapi() -> None:
    held(ROOT / "openapi.json", Service(Settings.read({})).app.openapi())


def test_asyncapi() -> None:
    document = asyncapi(SERVICE, __version__, str(description), sends=TYPES.values(), receives=RECEIVES)
    held(ROOT / "asyncapi.yaml", document)


@pytest.mark.parametrize(
    ("fact", "data"),
    [
        (Reserved(ORDER, (Line("mug", 2),)), {"lines": [{"sku": "mug", "quantity": 2}]}),
        (
            Rejected(ORDER, "out of stock", (Missing("mug", 2, 1),)),
            {"reason": "out of stock", "missing": [{"sku": "mug", "wanted": 2, "available": 1}]},
        ),
        (Committed(ORDER), {}),
        (Released(ORDER, "declined"), {"reason": "declined"}),
    ],
)
def test_each_fact_is_an_event_that_its_schema_takes(
    fact: Reserved | Rejected | Committed | Released, data: dict[str, object]
) -> None:
    event = event_of(fact)
    assert (event.source, event.subject, event.data) == ("stock", ORDER, {"order_id": ORDER, **data})
    assert Event.decode(event.encode()).data == event.data


async def test_other_events_are_refused() -> None:
    event = event_of(Committed(ORDER))
    with pytest.raises(ValueError, match=r"event type stock.committed.v1 is none of orders.order-placed.v1"):
        await handle(Stock(None, None), event)  # type: ignore[arg-type]
    with pytest.raises(SchemaError):
        event_of(Committed("no uuid"))


def test_every_product_of_the_catalog_has_a_level() -> None:
    products = json.loads((ROOT.parent / "catalog/catalog/adapters/seed.json").read_text())
    seed = json.loads((ROOT / "stock/adapters/seed.json").read_text())
    assert seed == [product["sku"] for product in products]
