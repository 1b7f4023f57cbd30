"""What the shop sells and what it costs. Pure: no I/O, no framework."""

from catalog.domain.changes import PriceChanged, ProductChanged, describe, reprice
from catalog.domain.money import Money
from catalog.domain.product import Product
from catalog.domain.search import search

__all__ = ["Money", "PriceChanged", "Product", "ProductChanged", "describe", "reprice", "search"]
