"""Run the baskets: `python3 -m basket`. Settings come from BASKET_* and REDIS_* variables."""

from __future__ import annotations

import sys

from opentelemetry.sdk.trace import TracerProvider
from shopkit.metrics import Metrics
from shopkit.process import Parts, run
from shopkit.web import create_app

from basket import __version__
from basket.adapters.http import add_routes
from basket.adapters.redis import RedisStore
from basket.adapters.settings import Settings
from basket.application.baskets import Baskets


def assemble(settings: Settings, tracer_provider: TracerProvider | None = None) -> Parts:
    """The HTTP application, and the store to be closed after it."""
    metrics = Metrics("basket")
    store = RedisStore(settings.redis, settings.ttl_seconds, settings.redis_timeout_seconds, metrics)
    app = create_app("basket", __version__, metrics, tracer_provider, store.ready)
    add_routes(app, Baskets(store), metrics)
    return Parts(app, around=[store])


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run("basket", __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
