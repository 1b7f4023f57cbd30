"""Run the payments: `python3 -m payments`. Settings come from PAYMENTS_* variables, DATABASE_* and NATS_*."""

from __future__ import annotations

import sys

from opentelemetry.sdk.trace import TracerProvider
from shopkit.process import Parts, run

from payments import __version__
from payments.adapters.events import SERVICE
from payments.adapters.settings import Settings
from payments.service import Service


def assemble(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """The service, and what is open while it runs."""
    service = Service(settings, tracer_provider)
    return Parts(service.app, [service.work], service.resources)


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run(SERVICE, __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
