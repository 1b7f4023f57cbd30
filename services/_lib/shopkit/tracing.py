"""Spans, sent by OTLP over HTTP; who caused what is known by W3C's traceparent, in headers and in events."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths of probes and scrapes, which nobody looks for."""
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_PROPAGATOR = TraceContextTextMapPropagator()


class _Process:
    """The provider of this process; until one is made, spans are carried on but not recorded."""

    provider: trace.TracerProvider = trace.NoOpTracerProvider()


def exporting(endpoint: str) -> SpanProcessor:
    """Sends spans in batches to OTLP over HTTP at this base URL; what cannot be sent in time is dropped."""
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=2)
    return BatchSpanProcessor(exporter, schedule_delay_millis=1000)


def provider(
    service: str, version: str, environment: str, endpoint: str | SpanProcessor = "", *more: SpanProcessor
) -> TracerProvider:
    """Makes the process's spans and sends them to the endpoint (a base URL, or a processor; empty: nowhere).

    The caller's decision to sample stands; a trace that starts here is sampled.
    """
    resource = Resource.create(
        {"service.name": service, "service.version": version, "deployment.environment.name": environment}
    )
    made = TracerProvider(resource=resource, shutdown_on_exit=False)
    first = exporting(endpoint) if isinstance(endpoint, str) and endpoint else endpoint
    for processor in (first, *more):
        if isinstance(processor, SpanProcessor):
            made.add_span_processor(processor)
    _Process.provider = made
    return made


def quiet(scope: MutableMapping[str, Any]) -> bool:
    """Whether a request is a probe or a scrape."""
    return scope["path"].removeprefix(scope.get("root_path", "")) in QUIET


def telemetry(tracer_provider: TracerProvider | None) -> TelemetryConfig:
    """How FastAPI traces: one span a request. Metrics and logs are the library's own."""
    return {
        "tracing": tracer_provider is not None,
        "tracer_provider": tracer_provider,
        "operation_spans": False,
        "metrics": False,
        "logs": False,
        "auto_configure": False,
        "exclude": quiet,
    }


def current_ids() -> dict[str, str]:
    """`trace_id` and `span_id` of the span that is current here; empty outside of one."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}


def trace_ids(traceparent: str) -> dict[str, str]:
    """The ids of a traceparent header; empty when it is missing or malformed."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return {"trace_id": match[1], "span_id": match[2]} if match else {}


def inject() -> str:
    """The traceparent of the current span; empty outside of one."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent", "")


def extract(traceparent: str) -> trace.SpanContext | None:
    """The span that a traceparent names, or None when it is missing or malformed."""
    span = trace.get_current_span(_PROPAGATOR.extract({"traceparent": traceparent}, Context()))
    context = span.get_span_context()
    return context if context.is_valid else None


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: str | None = None,
    attributes: dict[str, AttributeValue] | None = None,
) -> Iterator[Span]:
    """A span, current within the block; an exception marks it. `parent` is a traceparent, or the current span."""
    context = None
    if parent is not None and (remote := extract(parent)) is not None:
        context = trace.set_span_in_context(NonRecordingSpan(remote))
    tracer = _Process.provider.get_tracer("shopkit")
    with tracer.start_as_current_span(name, context=context, kind=kind, attributes=attributes) as made:
        yield made
