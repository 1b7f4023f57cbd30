"""The shop's edge: a cache before page and API, which forgets what changed as soon as it hears of it."""

from typing import Final

__version__: Final = "0.1.0"
