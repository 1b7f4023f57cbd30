"""Run the catalog: `python3 -m catalog`. Settings come from the environment."""

from __future__ import annotations

import sys

from opentelemetry.sdk.trace import TracerProvider
from shopkit.metrics import Metrics
from shopkit.process import Parts, run

from catalog import __version__
from catalog.adapters.assembly import assemble
from catalog.adapters.http import create_app
from catalog.adapters.settings import Settings


def service(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """The catalog over HTTP, and what runs beside it."""
    metrics = Metrics("catalog")
    parts = assemble(settings, metrics)
    app = create_app(parts.catalog, metrics, tracer_provider, settings.root_path)
    return Parts(app, parts.background, parts.around)


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run("catalog", __version__, Settings.read, service)


if __name__ == "__main__":
    sys.exit(main())
