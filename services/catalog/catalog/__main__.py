"""Run the catalog: `python3 -m catalog`. Settings come from the environment."""

from __future__ import annotations

import os
import sys

from shopkit import logs, tracing
from shopkit.metrics import Metrics
from shopkit.process import serve
from shopkit.settings import SettingError

from catalog import __version__
from catalog.adapters.assembly import assemble
from catalog.adapters.http import create_app
from catalog.adapters.settings import Settings


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        print(f"catalog: {error}", file=sys.stderr)
        return 2
    common = settings.common
    logs.configure("catalog", __version__, common.environment, common.log_level)
    provider = None
    if common.traces_endpoint:
        provider = tracing.provider("catalog", __version__, common.environment, common.traces_endpoint)
    metrics = Metrics("catalog")
    parts = assemble(settings, metrics)
    app = create_app(parts.catalog, metrics, provider, settings.root_path)
    status = serve(app, common, background=parts.background, around=parts.around)
    if provider:
        provider.shutdown()
    return status


if __name__ == "__main__":
    sys.exit(main())
