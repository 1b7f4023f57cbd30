"""How a product may change, and what is told of it. A change that changes nothing is none: nobody hears of it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from catalog.domain.money import Money
from catalog.domain.product import Product


@dataclass(frozen=True, slots=True)
class PriceChanged:
    """The product costs something else from now on; `previous` is what it cost until now."""

    product: Product
    previous: Money


@dataclass(frozen=True, slots=True)
class ProductChanged:
    """The product is told of in other words from now on."""

    product: Product


def reprice(product: Product, price: Money) -> PriceChanged | None:
    """Give the product another price in its own currency: one basket never mixes currencies. Raises ValueError."""
    if price.currency != product.price.currency:
        raise ValueError(
            f"product {product.sku} is priced in {product.price.currency}, got {price.currency}: "
            f"give the price in {product.price.currency}"
        )
    return PriceChanged(replace(product, price=price), product.price) if price != product.price else None


def describe(
    product: Product, name: str | None = None, description: str | None = None, tags: Set[str] | None = None
) -> ProductChanged | None:
    """Tell of the product in other words; what is None stays. Raises ValueError for a blank name."""
    told = replace(
        product,
        name=product.name if name is None else name,
        description=product.description if description is None else description,
        tags=product.tags if tags is None else frozenset(tags),
    )
    return ProductChanged(told) if told != product else None
