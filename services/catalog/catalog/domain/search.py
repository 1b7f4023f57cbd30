"""Which products a search finds."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.domain.product import Product


def search(products: Iterable[Product], query: str = "", tag: str | None = None) -> list[Product]:
    """The products that meet every word of the query and carry the tag, best first, then by name."""
    terms = query.casefold().split()
    ranked = (
        (rank, product.name.casefold(), product.sku, product)
        for product in products
        if (tag is None or tag in product.tags) and (rank := product.rank(terms)) is not None
    )
    return [product for *_, product in sorted(ranked, key=lambda entry: entry[:3])]
