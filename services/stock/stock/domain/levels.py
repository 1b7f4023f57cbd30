"""How many pieces of a SKU there are, and in which state. Pieces move between states; only goods received add any."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Level:
    """The pieces of one SKU. `version` is the one read; who saves states it, and loses if another was faster."""

    sku: str
    available: int
    reserved: int = 0
    sold: int = 0
    version: int = 0

    def __post_init__(self) -> None:
        for name in ("available", "reserved", "sold"):
            if (pieces := getattr(self, name)) < 0:
                raise ValueError(f"level of {self.sku}: {name} must not be negative, got {pieces}")

    @property
    def total(self) -> int:
        """Every piece ever received."""
        return self.available + self.reserved + self.sold

    def reserve(self, quantity: int) -> Level:
        """Set pieces aside. Raises ValueError if there are too few."""
        return replace(self, available=self.available - positive(quantity), reserved=self.reserved + quantity)

    def release(self, quantity: int) -> Level:
        """Put pieces that were set aside back on sale."""
        return replace(self, available=self.available + positive(quantity), reserved=self.reserved - quantity)

    def commit(self, quantity: int) -> Level:
        """Hand over pieces that were set aside."""
        return replace(self, reserved=self.reserved - positive(quantity), sold=self.sold + quantity)

    def receive(self, quantity: int) -> Level:
        """Goods came in."""
        return replace(self, available=self.available + positive(quantity))


def positive(quantity: int) -> int:
    """The quantity itself. Raises ValueError unless it is at least one piece."""
    if quantity < 1:
        raise ValueError(f"quantity must be at least 1, got {quantity}")
    return quantity
