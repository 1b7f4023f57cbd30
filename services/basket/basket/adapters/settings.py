"""What the environment says: BASKET_* and REDIS_*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shopkit import settings
from shopkit.settings import Common, Endpoint, Reader


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process runs. A basket is gone `ttl_seconds` after it was last read or changed."""

    common: Common
    redis: Endpoint
    ttl_seconds: int
    redis_timeout_seconds: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError."""
        read = Reader(environ, "BASKET_")
        return cls(
            settings.common(environ, "basket"),
            settings.redis(environ, "redis://localhost:6379/1"),
            read.integer("TTL_SECONDS", 7 * 24 * 3600, 1, 366 * 24 * 3600),
            read.number("REDIS_TIMEOUT_SECONDS", 1.0, 0.05, 30.0),
        )
