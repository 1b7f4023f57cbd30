"""What the environment says: variables CATALOG_*, and where stores and broker are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shopkit import settings
from shopkit.settings import Common, Endpoint, Nats, Reader, SettingError


@dataclass(frozen=True)
class Settings:
    """How one process runs.

    `root_path` is the path at which a gateway serves the API, without trailing slash; the service itself serves from /.
    An endpoint whose URL is empty is not used: without a database products rest in memory, and then nothing is cached.
    """

    common: Common
    root_path: str
    database: Endpoint
    redis: Endpoint
    nats: Nats
    local_seconds: float
    shared_seconds: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError, which names the variable, its value and the remedy."""
        read = Reader(environ, "CATALOG_")
        made = cls(
            common=settings.common(environ, "catalog"),
            root_path=read.text("ROOT_PATH", "").rstrip("/"),
            database=settings.database(environ, ""),
            redis=settings.redis(environ, ""),
            nats=settings.nats(environ, ""),
            local_seconds=read.number("LOCAL_CACHE_SECONDS", 5, 0, 3600),
            shared_seconds=read.number("SHARED_CACHE_SECONDS", 30, 1, 3600),
        )
        for name, endpoint in (("REDIS_URL", made.redis), ("NATS_URL", made.nats)):
            if endpoint.url and not made.database.url:
                raise SettingError(name, endpoint.url, "set DATABASE_URL as well, or leave it out")
        return made
