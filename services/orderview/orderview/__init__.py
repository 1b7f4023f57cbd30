"""The query side of ordering: what became of each order, built from events alone."""

from typing import Final

__version__: Final = "0.1.0"
