"""A mail server that keeps what it gets instead of delivering it, to look at. It stands for a foreign system."""

from __future__ import annotations
