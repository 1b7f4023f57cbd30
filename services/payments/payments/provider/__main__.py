"""Run the provider: `python3 -m payments.provider`. Settings come from PAYMENT_PROVIDER_* variables."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from shopkit import logs, tracing
from shopkit.metrics import Metrics
from shopkit.process import serve
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


def main() -> int:
    """Serve until SIGTERM. Returns the exit status."""
    try:
        settings = Settings.read(os.environ)
        try:
            ledger = Ledger(settings.ledger)
        except sqlite3.Error as error:
            raise SettingError("PAYMENT_PROVIDER_LEDGER", settings.ledger, f"give a writable file ({error})") from None
    except SettingError as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        return 2
    environment = settings.common.environment
    logs.configure(SERVICE, __version__, environment, settings.common.log_level)
    provider = tracing.provider(SERVICE, __version__, environment, settings.common.traces_endpoint)
    try:
        return serve(application(settings, ledger, provider), settings.common)
    finally:
        ledger.close()


if __name__ == "__main__":
    sys.exit(main())
