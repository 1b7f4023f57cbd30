"""Run orderview: `python3 -m orderview`. Settings come from ORDERVIEW_*, DATABASE_* and NATS_* variables."""

from __future__ import annotations

import sys

from opentelemetry.sdk.trace import TracerProvider
from shopkit.process import Parts, run

from orderview import __version__
from orderview.adapters.events import Consumer, Lag
from orderview.adapters.http import Rebuilds, application
from orderview.adapters.settings import Settings
from orderview.application.projecting import Projector
from orderview.application.queries import Queries
from orderview.runtime import Runtime


def assemble(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """The view over HTTP, and what runs beside it: consumer, lag."""
    runtime = Runtime.of(settings)
    app = application(
        Queries(runtime.view),
        Rebuilds(runtime.rebuilder, runtime.metrics),
        runtime.metrics,
        tracer_provider,
        runtime.database.ready,
        settings.root_path,
    )
    background = (
        Consumer(runtime.broker, Projector(runtime.view), runtime.metrics).run,
        Lag(runtime.broker, runtime.metrics, settings.lag_seconds).run,
    )
    return Parts(app, background, (runtime.running(),))


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run("orderview", __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
