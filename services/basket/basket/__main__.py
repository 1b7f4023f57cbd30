"""Run the baskets: `python3 -m basket`. Settings come from BASKET_* and REDIS_* variables."""

from __future__ import annotations

import os
import sys

from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from shopkit import logs, tracing
from shopkit.metrics import Metrics
from shopkit.process import serve
from shopkit.settings import SettingError
from shopkit.web import create_app

from basket import __version__
from basket.adapters.http import add_routes
from basket.adapters.redis import RedisStore
from basket.adapters.settings import Settings
from basket.application.baskets import Baskets


def application(settings: Settings, tracer_provider: TracerProvider | None = None) -> tuple[FastAPI, RedisStore]:
    """The HTTP application, and the store to be closed after it."""
    metrics = Metrics("basket")
    store = RedisStore(settings.redis, settings.ttl_seconds, settings.redis_timeout_seconds, metrics)
    app = create_app("basket", __version__, metrics, tracer_provider, store.ready)
    add_routes(app, Baskets(store), metrics)
    return app, store


def main() -> int:
    """Serve until SIGTERM. Returns the exit status."""
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        print(f"basket: {error}", file=sys.stderr)
        return 2
    common = settings.common
    logs.configure("basket", __version__, common.environment, common.log_level)
    traces = None
    if common.traces_endpoint:
        traces = tracing.provider("basket", __version__, common.environment, common.traces_endpoint)
    app, store = application(settings, traces)
    status = serve(app, common, around=[store])
    if traces:
        traces.shutdown()
    return status


if __name__ == "__main__":
    sys.exit(main())
