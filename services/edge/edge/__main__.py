"""Run the purger: `python3 -m edge`, beside `python3 -m edge.varnish`. Settings come from the environment."""

from __future__ import annotations

import os
import sys
from functools import partial

from shopkit import logs, tracing, web
from shopkit.broker import Broker
from shopkit.metrics import Metrics
from shopkit.process import serve
from shopkit.settings import SettingError

from edge import __version__
from edge.adapters.events import listen, watch
from edge.adapters.settings import Settings
from edge.adapters.varnish import Counters, Varnish
from edge.application import Purger


def main() -> int:
    """Purge until SIGTERM or SIGINT. Returns the exit status."""
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        print(f"edge: {error}", file=sys.stderr)
        return 2
    common = settings.common
    logs.configure("edge", __version__, common.environment, common.log_level)
    provider = None
    if common.traces_endpoint:
        provider = tracing.provider("edge", __version__, common.environment, common.traces_endpoint)
    metrics = Metrics("edge")
    purges = metrics.counter("edge_purges_total", "Purges by outcome", ("outcome",))
    dropped = metrics.counter("edge_purged_answers_total", "Answers that purges dropped")

    def record(outcome: str, count: int) -> None:
        purges.labels(outcome).inc()
        dropped.inc(count)

    varnish = Varnish(settings.directory)
    counters = Counters(varnish)
    metrics.registry.register(counters)
    purger = Purger(varnish, settings.again_seconds, record, settings.deaf_seconds)
    broker = Broker.of(settings.nats, "edge", metrics)
    app = web.create_app("edge", __version__, metrics, provider, counters.ready)
    background = (partial(listen, broker, purger), partial(watch, broker, purger), purger.settle, counters.keep)
    status = serve(app, common, background=background, around=(varnish, broker))
    if provider:
        provider.shutdown()
    return status


if __name__ == "__main__":
    sys.exit(main())
