"""What others can ask of the catalog, and what the catalog asks of a store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from catalog.domain import Money, Product, search


class ProductStore(Protocol):
    """Where products rest."""

    def all(self) -> Iterable[Product]:
        """Every product, in any order."""

    def get(self, sku: str) -> Product | None:
        """The product of this SKU, or None."""

    def ready(self) -> bool:
        """Whether the store can answer now."""


class UnknownProductError(LookupError):
    """There are no products of these SKUs."""

    def __init__(self, *skus: str) -> None:
        super().__init__(f"no such product: {', '.join(skus)}")
        self.skus = skus


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a search found: `products` starts at `offset` of `total`."""

    products: list[Product]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class Catalog:
    """The use cases."""

    store: ProductStore

    def find(self, query: str = "", tag: str | None = None, *, limit: int = 20, offset: int = 0) -> Page:
        """One page of the products that a search finds, best first."""
        found = search(self.store.all(), query, tag)
        return Page(found[offset : offset + limit], len(found), offset)

    def everything(self) -> list[Product]:
        """All products by SKU."""
        return sorted(self.store.all(), key=lambda product: product.sku)

    def product(self, sku: str) -> Product:
        """One product. Raises UnknownProductError."""
        product = self.store.get(sku)
        if product is None:
            raise UnknownProductError(sku)
        return product

    def prices(self, skus: Iterable[str]) -> dict[str, Money]:
        """The price of each SKU; all or nothing. Raises UnknownProductError, which names every one that is missing."""
        found = {sku: self.store.get(sku) for sku in skus}
        if missing := [sku for sku, product in found.items() if product is None]:
            raise UnknownProductError(*missing)
        return {sku: product.price for sku, product in found.items() if product is not None}

    def ready(self) -> bool:
        """Whether the catalog can answer now."""
        return self.store.ready()
