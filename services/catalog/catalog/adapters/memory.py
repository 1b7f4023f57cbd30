"""A store in memory, for a process that stands alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from catalog.application import Change, UnknownProductError
from catalog.domain import Product


class MemoryStore:
    """Products in a dictionary by SKU. Changes are this process's own and end with it; nobody is told of them."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products: dict[str, Product] = {}
        for product in products:
            if product.sku in self._products:
                raise ValueError(f"two products share the sku {product.sku!r}")
            self._products[product.sku] = product

    async def all(self) -> list[Product]:
        return list(self._products.values())

    async def get(self, sku: str) -> Product | None:
        return self._products.get(sku)

    async def change(self, sku: str, decide: Callable[[Product], Change | None]) -> Product:
        if sku not in self._products:
            raise UnknownProductError(sku)
        if change := decide(self._products[sku]):
            self._products[sku] = change.product
        return self._products[sku]

    async def ready(self) -> bool:
        return bool(self._products)
