"""The command side of ordering: it takes orders and leads each to confirmed or cancelled."""

from typing import Final

__version__: Final = "0.1.0"
