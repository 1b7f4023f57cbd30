"""Run orderview: `python3 -m orderview`. Settings come from ORDERVIEW_*, DATABASE_* and NATS_* variables."""

from __future__ import annotations

import os
import sys

from shopkit import logs, tracing
from shopkit.process import serve
from shopkit.settings import SettingError

from orderview import __version__
from orderview.adapters.events import Consumer, Lag
from orderview.adapters.http import Rebuilds, application
from orderview.adapters.settings import Settings
from orderview.application.projecting import Projector
from orderview.application.queries import Queries
from orderview.runtime import Runtime


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        print(f"orderview: {error}", file=sys.stderr)
        return 2
    common = settings.common
    logs.configure("orderview", __version__, common.environment, common.log_level)
    traces = None
    if common.traces_endpoint:
        traces = tracing.provider("orderview", __version__, common.environment, common.traces_endpoint)
    runtime = Runtime.of(settings)
    app = application(
        Queries(runtime.view),
        Rebuilds(runtime.rebuilder, runtime.metrics),
        runtime.metrics,
        traces,
        runtime.database.ready,
        settings.root_path,
    )
    background = (
        Consumer(runtime.broker, Projector(runtime.view), runtime.metrics).run,
        Lag(runtime.broker, runtime.metrics, settings.lag_seconds).run,
    )
    status = serve(app, common, background=background, around=(runtime.running(),))
    if traces:
        traces.shutdown()
    return status


if __name__ == "__main__":
    sys.exit(main())
