"""The bounded context of what is there to sell: levels and reservations."""

from __future__ import annotations

__version__ = "0.1.0"
