"""A store in memory, filled from the seed that comes with the package."""

from __future__ import annotations

import json
from collections.abc import Iterable, ValuesView
from importlib.resources import files

from catalog.domain import Money, Product


class MemoryStore:
    """Products in a dictionary by SKU."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products: dict[str, Product] = {}
        for product in products:
            if product.sku in self._products:
                raise ValueError(f"two products share the sku {product.sku!r}")
            self._products[product.sku] = product

    def all(self) -> ValuesView[Product]:
        return self._products.values()

    def get(self, sku: str) -> Product | None:
        return self._products.get(sku)

    def ready(self) -> bool:
        return bool(self._products)


def seed() -> list[Product]:
    """The products of seed.json."""
    rows = json.loads(files(__package__).joinpath("seed.json").read_text(encoding="utf-8"))
    return [
        Product(
            sku=row["sku"],
            name=row["name"],
            description=row["description"],
            price=Money(row["price"]["amount"], row["price"]["currency"]),
            tags=frozenset(row["tags"]),
        )
        for row in rows
    ]
