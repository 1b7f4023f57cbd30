"""What the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shopkit.settings import Common, Endpoint, Nats, Reader, common, database, nats


@dataclass(frozen=True, slots=True)
class Settings:
    """The lag is measured every `lag_seconds`."""

    common: Common
    database: Endpoint
    nats: Nats
    root_path: str
    lag_seconds: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Raises SettingError naming variable, value and remedy."""
        read = Reader(environ, "ORDERVIEW_")
        return cls(
            common=common(environ, "orderview"),
            database=database(environ),
            nats=nats(environ),
            root_path=read.text("ROOT_PATH", "").rstrip("/"),
            lag_seconds=read.number("LAG_SECONDS", 2, 0.05, 300),
        )
