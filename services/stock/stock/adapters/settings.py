"""What the environment says: variables STOCK_*, the database and the broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shopkit import settings
from shopkit.settings import Common, Endpoint, Nats, Reader


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process runs.

    `seed_quantity` pieces are given to each SKU of the seed that has no level yet. `attempts` are made at a change that
    others contend for. `concurrency` events are handled at once.
    """

    common: Common
    database: Endpoint
    broker: Nats
    seed_quantity: int
    attempts: int
    concurrency: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError."""
        read = Reader(environ, "STOCK_")
        return cls(
            settings.common(environ, "stock"),
            settings.database(environ, "postgresql://stock@localhost:5432/stock"),
            settings.nats(environ, "nats://localhost:4222"),
            seed_quantity=read.integer("SEED_QUANTITY", 1000, 0, 1_000_000),
            attempts=read.integer("ATTEMPTS", 10, 1, 100),
            concurrency=read.integer("CONCURRENCY", 4, 1, 64),
        )
