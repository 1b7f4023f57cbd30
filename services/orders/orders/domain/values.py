"""What an order is made of: money and lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MAX_QUANTITY: Final = 99
_CURRENCY = re.compile(r"[A-Z]{3}")
_SKU = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents) of an ISO 4217 currency."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"amount must not be negative, got {self.amount}")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"currency must be three capital letters, got {self.currency!r}")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a SKU (lower case words joined by dashes), at the price of one."""

    sku: str
    quantity: int
    unit_price: Money

    def __post_init__(self) -> None:
        if not _SKU.fullmatch(self.sku):
            raise ValueError(f"sku must be lower case words joined by dashes, got {self.sku!r}")
        if not 1 <= self.quantity <= MAX_QUANTITY:
            raise ValueError(f"quantity of {self.sku} must be 1 to {MAX_QUANTITY}, got {self.quantity}")


def total(lines: Iterable[Line]) -> Money:
    """What the lines cost together; at least one. Raises ValueError where currencies differ."""
    amounts: dict[str, int] = {}
    for line in lines:
        currency = line.unit_price.currency
        amounts[currency] = amounts.get(currency, 0) + line.quantity * line.unit_price.amount
    if len(amounts) != 1:
        raise ValueError(f"lines must be in one currency, got {', '.join(sorted(amounts)) or 'no lines'}")
    [(currency, amount)] = amounts.items()
    return Money(amount, currency)
