"""Products as JSON objects: {sku, name, description, price: {amount, currency}, tags}, in seed and caches."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from catalog.domain import Money, Product


def to_object(product: Product) -> dict[str, Any]:
    """The product as a JSON object."""
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "price": price_object(product.price),
        "tags": sorted(product.tags),
    }


def price_object(price: Money) -> dict[str, Any]:
    """The price as events and the API have it."""
    return {"amount": price.amount, "currency": price.currency}


def from_object(row: dict[str, Any]) -> Product:
    """The product of a JSON object. Raises KeyError, TypeError or ValueError for what is none."""
    return Product(
        sku=row["sku"],
        name=row["name"],
        description=row["description"],
        price=Money(row["price"]["amount"], row["price"]["currency"]),
        tags=frozenset(row["tags"]),
    )


def seed() -> list[Product]:
    """The products of seed.json, with which a new store begins."""
    return [from_object(row) for row in json.loads(files(__package__).joinpath("seed.json").read_text("utf-8"))]
