"""Run the payments: `python3 -m payments`. Settings come from PAYMENTS_* variables, DATABASE_* and NATS_*."""

from __future__ import annotations

import os
import sys

from shopkit import logs, tracing
from shopkit.process import serve
from shopkit.settings import SettingError

from payments import __version__
from payments.adapters.events import SERVICE
from payments.adapters.settings import Settings
from payments.service import Service


def main() -> int:
    """Serve until SIGTERM. Returns the exit status."""
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        return 2
    common = settings.common
    logs.configure(SERVICE, __version__, common.environment, common.log_level)
    service = Service(settings, tracing.provider(SERVICE, __version__, common.environment, common.traces_endpoint))
    return serve(service.app, common, background=[service.work], around=service.resources)


if __name__ == "__main__":
    sys.exit(main())
