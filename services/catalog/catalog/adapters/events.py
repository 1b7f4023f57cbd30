"""What the catalog tells of itself, and how each instance hears of it to drop its copies."""

from __future__ import annotations

from typing import Final

from shopkit.broker import Broker
from shopkit.events import Event

from catalog.adapters.encoding import price_object
from catalog.application import CachedStore, Change
from catalog.domain import PriceChanged

PRICE_CHANGED: Final = "catalog.price-changed.v1"
PRODUCT_CHANGED: Final = "catalog.product-changed.v1"


def event_of(change: Change) -> Event:
    """What others are told of a change."""
    product = change.product
    if isinstance(change, PriceChanged):
        data = {"sku": product.sku, "price": price_object(product.price), "previous": price_object(change.previous)}
        return Event.new("catalog", PRICE_CHANGED, product.sku, data)
    return Event.new("catalog", PRODUCT_CHANGED, product.sku, {"sku": product.sku})


async def listen(broker: Broker, cached: CachedStore) -> None:
    """Drop copies of what changed, for ever; every instance hears every event."""

    async def heed(event: Event) -> None:
        await cached.drop(event.subject)

    await broker.subscribe_ephemeral((PRICE_CHANGED, PRODUCT_CHANGED), heed)
