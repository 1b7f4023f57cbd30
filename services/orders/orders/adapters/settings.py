"""What the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shopkit.settings import Common, Endpoint, Nats, Reader, common, database, nats


@dataclass(frozen=True, slots=True)
class Settings:
    """`deadline_seconds` is how long an order may take; every `sweep_seconds` those that took longer are cancelled."""

    common: Common
    database: Endpoint
    nats: Nats
    root_path: str
    deadline_seconds: int
    sweep_seconds: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Raises SettingError naming variable, value and remedy."""
        read = Reader(environ, "ORDERS_")
        return cls(
            common=common(environ, "orders"),
            database=database(environ),
            nats=nats(environ),
            root_path=read.text("ROOT_PATH", "").rstrip("/"),
            deadline_seconds=read.integer("DEADLINE_SECONDS", 300, 1, 86400),
            sweep_seconds=read.number("SWEEP_SECONDS", 2, 0.05, 300),
        )
