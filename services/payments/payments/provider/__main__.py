"""Run the provider: `python3 -m payments.provider`. Settings come from PAYMENT_PROVIDER_* variables."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from shopkit.metrics import Metrics
from shopkit.process import Parts, run
from shopkit.settings import Common, Reader, SettingError, common
from shopkit.web import create_app

from payments import __version__
from payments.provider.http import Provider, add_routes
from payments.provider.ledger import Ledger

SERVICE = "payment-provider"


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process runs. `ledger` is the SQLite file, on a volume; `:memory:` forgets at the end."""

    common: Common
    ledger: str
    hang_seconds: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError."""
        read = Reader(environ, "PAYMENT_PROVIDER_")
        return cls(
            common(environ, SERVICE),
            ledger=read.text("LEDGER", ":memory:"),
            hang_seconds=read.number("HANG_SECONDS", 30, 0, 300),
        )


def application(settings: Settings, ledger: Ledger, tracer_provider: TracerProvider | None = None) -> FastAPI:
    """The provider's HTTP application."""
    metrics = Metrics(SERVICE)

    async def ready() -> bool:
        return True

    app = create_app(SERVICE, __version__, metrics, tracer_provider, ready)
    add_routes(app, Provider(ledger, metrics, settings.hang_seconds))
    return app


@asynccontextmanager
async def kept(ledger: Ledger) -> AsyncIterator[None]:
    """The ledger is closed at the end."""
    try:
        yield
    finally:
        ledger.close()


def assemble(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """The provider on its ledger. Raises SettingError where the ledger cannot be opened."""
    try:
        ledger = Ledger(settings.ledger)
    except sqlite3.Error as error:
        raise SettingError("PAYMENT_PROVIDER_LEDGER", settings.ledger, f"give a writable file ({error})") from None
    return Parts(application(settings, ledger, tracer_provider), around=[kept(ledger)])


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run(SERVICE, __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
