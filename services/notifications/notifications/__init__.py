"""The bounded context of what customers are told: mails."""

from __future__ import annotations

__version__ = "0.1.0"
