"""The shop's baskets: what a customer means to buy."""

from typing import Final

__version__: Final = "0.1.0"
