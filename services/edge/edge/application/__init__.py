"""What the purger does."""

from edge.application.purging import Cache, CacheDownError, Purger

__all__ = ["Cache", "CacheDownError", "Purger"]
