"""The bounded context of charges: what an order's payment came to."""

from __future__ import annotations

__version__ = "0.1.0"
