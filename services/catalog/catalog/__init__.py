"""The shop's catalog: products, search and prices."""

from typing import Final

__version__: Final = "0.3.0"
