"""What the purger does."""

from edge.application.purging import DEAF_SECONDS, Cache, CacheDownError, Purger

__all__ = ["DEAF_SECONDS", "Cache", "CacheDownError", "Purger"]
