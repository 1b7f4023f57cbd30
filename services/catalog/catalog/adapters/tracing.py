"""Spans of the requests served, sent by OTLP. FastAPI makes them; who called is known by W3C's traceparent."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from catalog import __version__

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths of probes and scrapes, which nobody looks for."""


def exporting(endpoint: str) -> SpanProcessor:
    """Sends spans in batches to OTLP over HTTP at this base URL; what cannot be sent in time is dropped."""
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=2)
    return BatchSpanProcessor(exporter, schedule_delay_millis=1000)


def provider(environment: str, *processors: SpanProcessor) -> TracerProvider:
    """Makes the catalog's spans. The caller's decision to sample stands; a trace that starts here is sampled."""
    resource = Resource.create(
        {"service.name": "catalog", "service.version": __version__, "deployment.environment.name": environment}
    )
    made = TracerProvider(resource=resource, shutdown_on_exit=False)
    for processor in processors:
        made.add_span_processor(processor)
    return made


def quiet(scope: MutableMapping[str, Any]) -> bool:
    """Whether a request is a probe or a scrape."""
    return scope["path"].removeprefix(scope.get("root_path", "")) in QUIET


def telemetry(tracer_provider: TracerProvider | None) -> TelemetryConfig:
    """How FastAPI traces: one span a request. Metrics and logs are the catalog's own."""

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
    """The ids of the span that serves this request; empty outside of one."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(context.trace_id), "span_id": trace.format_span_id(context.span_id)}
