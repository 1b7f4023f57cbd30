"""One measure and one log line a request, without touching the body."""

from __future__ import annotations

import time

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.adapters.logs import trace_ids
from catalog.adapters.tracing import current_ids, quiet

_log = structlog.stdlib.get_logger("catalog.http")


class Metrics:
    """The service's own series, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "http_request_duration_seconds", "Seconds to the last byte", ["method", "route"], registry=self.registry
        )
        self.searches = Counter("catalog_searches", "Searches by outcome", ["outcome"], registry=self.registry)

    async def answer(self, _request: Request) -> Response:
        """All series in Prometheus' text form."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)


class Telemetry:
    """ASGI middleware: counts, times and logs requests; probes and scrapes are counted, not logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

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
                _log.exception("request failed", method=scope["method"], path=scope["path"])
                raise
            finally:
                self._record(scope, status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, never the path: a label's values must stay few.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if not quiet(scope):
            _log.info("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))
