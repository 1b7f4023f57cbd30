"""What a change makes old, and how answers are counted. Pure: no I/O, no framework."""

from edge.domain.counting import backends, outcomes
from edge.domain.keys import CATALOG, PRICE_CHANGED, PRODUCT_CHANGED, keys_of

__all__ = ["CATALOG", "PRICE_CHANGED", "PRODUCT_CHANGED", "backends", "keys_of", "outcomes"]
