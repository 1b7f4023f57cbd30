"""What a product is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from catalog.domain.money import Money

_SKU = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


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
