"""A service's own series, and one measure and one log line a request without touching the body."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shopkit.tracing import current_ids, quiet, trace_ids

Kind = TypeVar("Kind", Counter, Gauge, Histogram)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets of durations, in seconds."""


class Metrics:
    """The series of one process, in a registry of their own. A name asked for twice is the same series."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}
        self.requests = self.counter("http_requests_total", "Requests answered", ("method", "route", "status"))
        self.seconds = self.histogram("http_request_duration_seconds", "Seconds to the last byte", ("method", "route"))

    def counter(self, name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
        """A count that only grows; its name ends in _total."""
        found = self._made.get(name) or Counter(name, documentation, labels, registry=self.registry)
        return self._keep(name, found, Counter)

    def gauge(self, name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
        """A value that goes up and down."""
        found = self._made.get(name) or Gauge(name, documentation, labels, registry=self.registry)
        return self._keep(name, found, Gauge)

    def histogram(
        self, name: str, documentation: str, labels: Sequence[str] = (), buckets: Sequence[float] = SECONDS
    ) -> Histogram:
        """Durations or sizes by bucket."""
        found = self._made.get(name) or Histogram(name, documentation, labels, buckets=buckets, registry=self.registry)
        return self._keep(name, found, Histogram)

    def _keep(self, name: str, found: object, kind: type[Kind]) -> Kind:
        if not isinstance(found, kind):
            raise TypeError(f"metric {name} is a {type(found).__name__} already, not a {kind.__name__}")
        self._made[name] = found
        return found

    async def answer(self, _request: Request) -> Response:
        """All series in Prometheus' text form."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


class Telemetry:
    """ASGI middleware: counts, times and logs requests; probes and scrapes are counted, not logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._log = structlog.stdlib.get_logger(f"{metrics.service}.http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        ids = current_ids() or trace_ids(Headers(scope=scope).get("traceparent", ""))
        with structlog.contextvars.bound_contextvars(**ids):
            try:
                await self._app(scope, receive, watch)
            except Exception:
                self._log.exception("request failed", method=scope["method"], path=scope["path"])
                raise
            finally:
                self._record(scope, status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, never the path: a label's values must stay few.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if not quiet(scope):
            self._log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))
