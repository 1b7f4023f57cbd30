"""A payment provider to try the payments on: it charges, and it can be told to fail. It stands for a foreign system."""

from __future__ import annotations
