"""What a product is, and which products a search finds. Pure: no I/O, no framework."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_SKU = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency with two decimals."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"amount must not be negative, got {self.amount}")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"currency must be three capital letters, got {self.currency!r}")

    def __str__(self) -> str:
        return f"{self.amount // 100}.{self.amount % 100:02d} {self.currency}"


@dataclass(frozen=True, slots=True)
class Product:
    """Something the shop sells, known by its SKU (lower case words joined by dashes)."""

    sku: str
    name: str
    description: str
    price: Money
    tags: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _SKU.fullmatch(self.sku):
            raise ValueError(f"sku must be lower case words joined by dashes, got {self.sku!r}")
        if not self.name.strip():
            raise ValueError(f"product {self.sku}: name must not be blank")

    def rank(self, terms: Iterable[str]) -> int | None:
        """How well the product answers the terms, all in lower case: the lower the better, None if one is not met.

        A term met by the name costs 0, by a tag 1, by the description 2.
        """
        fields = (self.name.casefold(), " ".join(self.tags).casefold(), self.description.casefold())
        total = 0
        for term in terms:
            cost = next((cost for cost, field in enumerate(fields) if term in field), None)
            if cost is None:
                return None
            total += cost
        return total


def search(products: Iterable[Product], query: str = "", tag: str | None = None) -> list[Product]:
    """The products that meet every word of the query and carry the tag, best first, then by name."""
    terms = query.casefold().split()
    ranked = (
        (rank, product.name.casefold(), product.sku, product)
        for product in products
        if (tag is None or tag in product.tags) and (rank := product.rank(terms)) is not None
    )
    return [product for *_, product in sorted(ranked, key=lambda entry: entry[:3])]
