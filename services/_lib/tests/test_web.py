"""The HTTP frame: probes, problems, one measure, one span and one log line a request."""

import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shopkit import logs, tracing
from shopkit.metrics import Metrics
from shopkit.web import Problem, create_app, problems

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01"}


class Stores:
    ready = True

    async def __call__(self) -> bool:
        return self.ready


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def client(spans: InMemorySpanExporter, stores: Stores) -> Iterator[TestClient]:
    provider = tracing.provider("thing", "1.0.0", "test", SimpleSpanProcessor(spans))
    app = create_app("thing", "1.0.0", Metrics("thing"), provider, stores)

    @app.get("/things/{number}", responses=problems(404, 409))
    async def thing(number: int) -> dict[str, str]:
        if number == 0:
            raise Problem(404, "No such thing", "there is no thing 0")
        if number == 1:
            raise Problem(409, headers={"ETag": '"1"'}, current=1)
        if number == 2:
            raise RuntimeError("a fault")
        return {"traceparent": tracing.inject()}

    with TestClient(app, root_path="/shop/things", raise_server_exceptions=False) as client:
        yield client


def test_problems(client: TestClient) -> None:
    answer = client.get("/things/0")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "No such thing",
        "status": 404,
        "detail": "there is no thing 0",
    }
    conflict = client.get("/things/1")
    assert (conflict.headers["etag"], conflict.json()["title"], conflict.json()["current"]) == ('"1"', "Conflict", 1)
    invalid = client.get("/things/x")
    assert invalid.status_code == 422
    assert invalid.json()["detail"].startswith("path.number: ")
    unknown = client.get("/nowhere")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    assert client.post("/things/3").headers["allow"] == "GET"


def test_problems_are_described(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    answers = document["paths"]["/things/{number}"]["get"]["responses"]
    assert set(answers["404"]["content"]) >= {"application/problem+json"}
    assert document["servers"] == [{"url": "/shop/things"}]


def test_probes(client: TestClient, stores: Stores) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    stores.ready = False
    assert (client.get("/readyz").status_code, client.get("/healthz").status_code) == (503, 200)


def test_a_request_is_a_span_a_line_and_a_measure(
    client: TestClient, spans: InMemorySpanExporter, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("thing", "1.0.0", "test")
    inside = client.get("/things/7", headers=PARENT).json()["traceparent"]
    client.get("/things/2", headers=PARENT)
    client.get("/healthz", headers=PARENT)
    client.request("BREW", "/things/7")
    made = spans.get_finished_spans()
    assert {span.name for span in made} >= {"GET /shop/things/things/{number}"}
    assert inside == f"00-{TRACE}-{made[0].context.span_id:016x}-01"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    requests = [line for line in lines if line["message"] == "request"]
    assert [line["fields"]["status"] for line in requests] == [200, 500, 405]
    assert requests[0]["trace_id"] == TRACE
    [failed] = [line for line in lines if line["message"] == "request failed"]
    assert "RuntimeError: a fault" in failed["fields"]["exception"]
    text = client.get("/metrics").text
    assert 'http_requests_total{method="GET",route="/things/{number}",status="500"} 1.0' in text
    assert 'http_requests_total{method="other"' in text
    assert 'route="/healthz"' in text


def test_without_spans_the_callers_ids_are_logged(stores: Stores, capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app("thing", "1.0.0", Metrics("thing"), None, stores)
    app.add_api_route("/here", stores)
    logs.configure("thing", "1.0.0", "test")
    with TestClient(app) as client:
        client.get("/here", headers=PARENT)
        client.get("/here", headers={"traceparent": "nonsense"})
    first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"request"' in line]
    assert (first["trace_id"], first["span_id"]) == (TRACE, SPAN)
    assert "trace_id" not in second


def test_a_metric_has_one_kind() -> None:
    metrics = Metrics("thing")
    assert metrics.counter("a_total", "A") is metrics.counter("a_total", "A")
    with pytest.raises(TypeError, match="metric a_total is a Counter already, not a Gauge"):
        metrics.gauge("a_total", "A")


def test_without_a_provider_a_trace_is_carried_on() -> None:
    tracing._Process.provider = tracing.trace.NoOpTracerProvider()
    with tracing.span("x", parent=PARENT["traceparent"]):
        assert tracing.inject() == PARENT["traceparent"]
    assert (tracing.inject(), tracing.current_ids()) == ("", {})
    assert tracing.extract("nonsense") is None
