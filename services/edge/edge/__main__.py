"""Run the purger: `python3 -m edge`, beside `python3 -m edge.varnish`. Settings come from the environment."""

from __future__ import annotations

import sys
from functools import partial

from opentelemetry.sdk.trace import TracerProvider
from shopkit import web
from shopkit.broker import Broker
from shopkit.metrics import Metrics
from shopkit.process import Parts, run

from edge import __version__
from edge.adapters.events import listen, watch
from edge.adapters.settings import Settings
from edge.adapters.varnish import Counters, Varnish
from edge.application import Purger


def assemble(settings: Settings, tracer_provider: TracerProvider) -> Parts:
    """The purger and its probes over HTTP."""
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
    app = web.create_app("edge", __version__, metrics, tracer_provider, counters.ready)
    background = (partial(listen, broker, purger), partial(watch, broker, purger), purger.settle, counters.keep)
    return Parts(app, background, (varnish, broker))


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is in flight. Returns the exit status."""
    return run("edge", __version__, Settings.read, assemble)


if __name__ == "__main__":
    sys.exit(main())
