"""A basket and its rules. It knows SKUs and quantities, and leaves prices to the catalog and pieces to the stock."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

MAX_QUANTITY: Final = 99
MAX_LINES: Final = 50
SKU_PATTERN: Final = "^[a-z0-9]+(-[a-z0-9]+)*$"
ID_PATTERN: Final = "^[A-Za-z0-9_-]{1,100}$"


class FullError(ValueError):
    """The basket has as many lines as it may have."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} does not fit: a basket has at most {MAX_LINES} lines; take another out first")


@dataclass(frozen=True, slots=True)
class Basket:
    """Quantities by SKU, in the order in which they were put in first."""

    id: str
    items: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(ID_PATTERN, self.id):
            raise ValueError(f"a basket's id must be 1 to 100 letters, digits, - and _, got {self.id!r}")
        if len(self.items) > MAX_LINES:
            raise FullError(list(self.items)[MAX_LINES])
        for sku, quantity in self.items.items():
            if len(sku) > 80 or not re.fullmatch(SKU_PATTERN.removesuffix("$"), sku):
                raise ValueError(f"sku must be lower case words joined by dashes, got {sku!r}")
            if isinstance(quantity, bool) or not 1 <= quantity <= MAX_QUANTITY:
                raise ValueError(f"quantity of {sku} must be 1 to {MAX_QUANTITY}, got {quantity}")

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(self.items.items())

    def with_item(self, sku: str, quantity: int) -> Basket:
        """The basket with this many of the SKU, however many there were. Raises FullError, ValueError."""
        return replace(self, items={**self.items, sku: quantity})

    def without(self, sku: str) -> Basket:
        """The basket without the SKU, which need not be in it."""
        return replace(self, items={other: quantity for other, quantity in self if other != sku})

    def emptied(self) -> Basket:
        """The basket with nothing in it."""
        return replace(self, items={})

    @property
    def tag(self) -> str:
        """Names this content: baskets with the same lines in the same order share it."""
        text = ";".join(f"{sku}={quantity}" for sku, quantity in self)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
