"""Run the catalog: `python3 -m catalog`. Settings come from CATALOG_* variables."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType

import uvicorn

from catalog.adapters import logs, tracing
from catalog.adapters.http import create_app
from catalog.adapters.settings import Settings
from catalog.adapters.store import MemoryStore, seed
from catalog.application import Catalog


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    try:
        settings = Settings.read(os.environ)
    except ValueError as error:
        print(f"catalog: {error}", file=sys.stderr)
        return 2
    logs.configure(settings.log_level, settings.environment)
    tracer_provider = None
    if settings.traces_endpoint:
        tracer_provider = tracing.provider(settings.environment, tracing.exporting(settings.traces_endpoint))
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(Catalog(MemoryStore(seed())), tracer_provider),
            host=settings.host,
            port=settings.port,
            root_path=settings.root_path,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)
    server.run()
    if tracer_provider:
        tracer_provider.shutdown()
    return 0 if server.started else 1


def _stopped(number: int, _frame: FrameType | None) -> None:
    """uvicorn raises the signal again once it has shut down; by then there is nothing left to do."""
    logging.getLogger("catalog").info("stopped by %s", signal.Signals(number).name)


if __name__ == "__main__":
    sys.exit(main())
