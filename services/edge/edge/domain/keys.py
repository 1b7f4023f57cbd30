"""Surrogate keys: the names under which answers say what they show, as the catalog gives them."""

from __future__ import annotations

from typing import Final

PRICE_CHANGED: Final = "catalog.price-changed.v1"
PRODUCT_CHANGED: Final = "catalog.product-changed.v1"
CATALOG: Final = "catalog"
"""On every answer that shows something of the catalog."""
LISTS: Final = "products"
"""On every answer that shows many products."""


def keys_of(sku: str) -> tuple[str, str]:
    """What shows the product: its own answers, and lists, in which it may stand."""
    return (f"product-{sku}", LISTS)
