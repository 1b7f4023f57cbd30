"""What the use cases ask of a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from catalog.domain import PriceChanged, Product, ProductChanged

Change = PriceChanged | ProductChanged


class UnknownProductError(LookupError):
    """There are no products of these SKUs."""

    def __init__(self, *skus: str) -> None:
        super().__init__(f"no such product: {', '.join(skus)}")
        self.skus = skus


class StoreDownError(Exception):
    """The store cannot answer now."""


class ProductStore(Protocol):
    """Where products rest. Every method but `ready` raises StoreDownError."""

    async def all(self) -> Sequence[Product]:
        """Every product, in any order."""

    async def get(self, sku: str) -> Product | None:
        """The product of this SKU, or None."""

    async def change(self, sku: str, decide: Callable[[Product], Change | None]) -> Product:
        """Decide on the product that rests here and keep what was decided, with word of it to others: both or neither.

        Nobody else changes the product meanwhile. Returns it as it is now. Raises UnknownProductError and what
        `decide` raises, and then nothing has changed.
        """

    async def ready(self) -> bool:
        """Whether the store can answer now."""
