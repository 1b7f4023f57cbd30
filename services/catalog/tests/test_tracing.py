"""Spans: part of the caller's trace, named by route, none for probes; the process sends them by OTLP before it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from shopkit import tracing
from shopkit.metrics import Metrics
from shopkit.testing.collector import Collector
from shopkit.testing.programs import free_port
from shopkit.testing.service import asked

from catalog import __version__
from catalog.adapters.http import create_app
from catalog.adapters.settings import Settings
from catalog.application import Catalog

ROOT = Path(__file__).parent.parent
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def client(catalog: Catalog, spans: InMemorySpanExporter) -> Iterator[TestClient]:
    app = create_app(
        catalog, Metrics("catalog"), tracing.provider("catalog", __version__, "test", SimpleSpanProcessor(spans))
    )
    with TestClient(app, root_path="/shop/catalog") as client:
        yield client


def test_a_request_is_one_span_of_the_callers_trace(client: TestClient, spans: InMemorySpanExporter) -> None:
    client.get("/products/saw", headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})
    [span] = spans.get_finished_spans()
    assert span.name == "GET /shop/catalog/products/{sku}"
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)
    assert span.resource.attributes["service.name"] == "catalog"
    assert span.attributes["http.response.status_code"] == 200


def test_a_failure_is_marked(catalog: Catalog, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Catalog, "product", lambda *_: 1 / 0)
    app = create_app(
        catalog, Metrics("catalog"), tracing.provider("catalog", __version__, "test", SimpleSpanProcessor(spans))
    )
    assert TestClient(app, raise_server_exceptions=False).get("/products/saw").status_code == 500
    [span] = spans.get_finished_spans()
    assert span.status.status_code.name == "ERROR"


def test_the_callers_decision_not_to_sample_stands(client: TestClient, spans: InMemorySpanExporter) -> None:
    client.get("/products", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
    assert not spans.get_finished_spans()


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_and_scrapes_make_no_span(client: TestClient, spans: InMemorySpanExporter, path: str) -> None:
    assert client.get(path).status_code == 200
    assert not spans.get_finished_spans()


def test_a_wrong_endpoint_is_refused() -> None:
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_ENDPOINT is 'collector:4318': give a URL such as"):
        Settings.read({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})


def run_once(endpoint: str) -> tuple[list[dict[str, object]], float]:
    """Lets the real process answer one request; its log, and the seconds that it took to end."""
    port = free_port()
    settings = {"CATALOG_HOST": "127.0.0.1", "CATALOG_PORT": str(port), "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
    command = [sys.executable, "-m", "catalog"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", "../_lib")} | settings,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            asked(f"http://127.0.0.1:{port}/products?q=mug", traceparent=f"00-{TRACE}-{SPAN}-01")
        finally:
            process.send_signal(signal.SIGTERM)
            stopped = time.monotonic()
            out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()], time.monotonic() - stopped


def test_the_process_sends_its_last_spans_before_it_ends(collector: Collector) -> None:
    log, _ = run_once(collector.url)
    [(path, _)] = collector.received
    [span] = collector.spans
    assert path == "/v1/traces"
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("GET /products", TRACE, SPAN)
    [request] = [line for line in log if line["message"] == "request"]
    assert (request["trace_id"], request["span_id"]) == (TRACE, span.span_id.hex())


def test_a_collector_that_is_gone_does_not_hold_the_process() -> None:
    log, seconds = run_once("http://127.0.0.1:9")
    assert [line["message"] for line in log].count("request") == 1
    assert seconds < 10
