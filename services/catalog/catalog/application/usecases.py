"""The use cases."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from catalog.application.ports import ProductStore, UnknownProductError
from catalog.domain import Money, Product, describe, reprice, search


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a search found: `products` starts at `offset` of `total`."""

    products: list[Product]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class Catalog:
    """Products, search and prices."""

    store: ProductStore

    async def find(self, query: str = "", tag: str | None = None, *, limit: int = 20, offset: int = 0) -> Page:
        """One page of the products that a search finds, best first."""
        found = search(await self.store.all(), query, tag)
        return Page(found[offset : offset + limit], len(found), offset)

    async def everything(self) -> list[Product]:
        """All products by SKU."""
        return sorted(await self.store.all(), key=lambda product: product.sku)

    async def product(self, sku: str) -> Product:
        """One product. Raises UnknownProductError."""
        product = await self.store.get(sku)
        if product is None:
            raise UnknownProductError(sku)
        return product

    async def prices(self, skus: Iterable[str]) -> dict[str, Money]:
        """The price of each SKU; all or nothing. Raises UnknownProductError, which names every one that is missing."""
        found = {sku: await self.store.get(sku) for sku in skus}
        if missing := [sku for sku, product in found.items() if product is None]:
            raise UnknownProductError(*missing)
        return {sku: product.price for sku, product in found.items() if product is not None}

    async def reprice(self, sku: str, price: Money) -> Product:
        """Give a product another price. Raises UnknownProductError; ValueError for another currency than its own."""
        return await self.store.change(sku, lambda product: reprice(product, price))

    async def describe(
        self, sku: str, name: str | None = None, description: str | None = None, tags: Set[str] | None = None
    ) -> Product:
        """Tell of a product in other words; what is None stays. Raises UnknownProductError, ValueError."""
        return await self.store.change(sku, lambda product: describe(product, name, description, tags))

    async def ready(self) -> bool:
        """Whether the catalog can answer now."""
        return await self.store.ready()
