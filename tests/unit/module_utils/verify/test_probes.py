"""Judging what the system answered, without a system."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.identity import keys
from ansible_collections.gantry.platform.plugins.module_utils.verify import probes
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError, Output, Pod

SOURCE = {"namespace": "gantry-verify", "selector": "app=probe"}


def node(name: str, ready: str = "True", message: str = "") -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "message": message}
    return {
        "metadata": {"name": name},
        "status": {"conditions": [condition], "nodeInfo": {"kubeletVersion": "v1.37.2"}},
    }


def workload(name: str, want: int, ready: int, fresh: int, seen: int = 1) -> dict[str, Any]:
    status = {"readyReplicas": ready, "updatedReplicas": fresh, "observedGeneration": seen}
    return {"metadata": {"name": name, "generation": 1}, "spec": {"replicas": want}, "status": status}


class TestNodes:
    def test_all_ready(self) -> None:
        answer = probes.judge_nodes([node("a"), node("b")], ["a", "b"])
        assert answer == probes.Answer(True, "2 nodes Ready, kubelet v1.37.2: a, b")

    @pytest.mark.parametrize(
        ("nodes", "expected", "evidence"),
        [
            ([], [], "no nodes"),
            ([node("a", "False", "container runtime is down")], [], "a: container runtime is down"),
            ([node("a", "Unknown", "kubelet stopped posting")], [], "a: kubelet stopped"),
            ([node("a")], ["a", "b"], "b: missing"),
            ([node("a"), node("c")], ["a"], "c: not of this inventory"),
            ([{"metadata": {"name": "a"}, "status": {}}], [], "a: no Ready condition"),
        ],
    )
    def test_not_all_ready(self, nodes: list[dict[str, Any]], expected: list[str], evidence: str) -> None:
        answer = probes.judge_nodes(nodes, expected)
        assert not answer.ok
        assert evidence in answer.evidence


class TestWorkloads:
    def test_ready(self) -> None:
        daemons = {"desiredNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3, "observedGeneration": 1}
        daemon_set = {"metadata": {"name": "b", "generation": 1}, "spec": {}, "status": daemons}
        answer = probes.judge_workloads([("Deployment", workload("a", 2, 2, 2)), ("DaemonSet", daemon_set)], "x")
        assert answer == probes.Answer(True, "2 workloads ready in x: a, b")

    @pytest.mark.parametrize(
        "item",
        [workload("a", 2, 1, 2), workload("a", 2, 2, 1), workload("a", 1, 1, 1, seen=0), workload("a", 0, 0, 0)],
        ids=str,
    )
    def test_not_ready(self, item: dict[str, Any]) -> None:
        assert not probes.judge_workloads([("Deployment", item)], "x").ok

    def test_none_is_not_ready(self) -> None:
        assert probes.judge_workloads([], "shop").evidence == "no workload in shop"


class TestObjects:
    APP: ClassVar[dict[str, Any]] = {
        "metadata": {"name": "shop"},
        "status": {
            "health": {"status": "Healthy"},
            "conditions": [{"type": "Ready", "status": "False", "message": "later"}],
        },
    }

    def probe(self, **fields: Any) -> probes.ObjectState:
        return probes.ObjectState(type="object", api_version="x/v1", kind="App", **fields)

    def test_a_value(self) -> None:
        assert probes.judge_objects([self.APP], self.probe(path="status.health.status", equals="Healthy")).ok
        wrong = probes.judge_objects([self.APP], self.probe(path="status.health.status", equals="Lost"))
        assert wrong.evidence == "App: shop: status.health.status is 'Healthy', expected 'Lost'"

    def test_a_value_that_is_empty_may_be_what_is_expected(self) -> None:
        deny = {"metadata": {"name": "deny"}, "spec": {}}
        assert probes.judge_objects([deny], self.probe(path="spec", equals={})).ok
        assert probes.judge_objects([deny], self.probe(path="spec")).evidence == "App: deny: spec has no value"

    def test_a_condition(self) -> None:
        answer = probes.judge_objects([self.APP], self.probe(condition="Ready"))
        assert answer == probes.Answer(False, "App: shop: Ready is False: later")

    def test_a_condition_that_has_some_time(self) -> None:
        def app(seconds: int) -> dict[str, Any]:
            since = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
            state = {"type": "Ready", "status": "False", "message": "later", "lastTransitionTime": since}
            return {"metadata": {"name": "shop"}, "status": {"conditions": [state]}}

        probe = self.probe(condition="Ready", grace=60)
        told = "App: shop: Ready is False: later (for less than 60 s)"
        assert probes.judge_objects([app(30)], probe) == probes.Answer(True, told)
        assert not probes.judge_objects([app(90)], probe).ok
        assert not probes.judge_objects([app(30)], self.probe(condition="Ready")).ok
        new = {
            "metadata": {"name": "shop", "creationTimestamp": app(30)["status"]["conditions"][0]["lastTransitionTime"]}
        }
        assert probes.judge_objects([new], probe).ok
        assert not probes.judge_objects([{"metadata": {"name": "shop"}}], probe).ok

    def test_too_few(self) -> None:
        assert probes.judge_objects([], self.probe()).evidence == "App: 0 found, expected at least 1"

    def test_dig(self) -> None:
        body = {"spec": {"ports": [{"port": 80}]}}
        assert probes.dig(body, "spec.ports.0.port") == 80
        assert probes.dig(body, "spec.ports.1.port") is None
        assert probes.dig(body, "spec.ports.name") is None
        assert probes.dig(body, "status") is None
        assert probes.dig({"metadata": {"annotations": {"a.b/c": "yes"}}}, 'metadata.annotations["a.b/c"]') == "yes"


class TestConnections:
    def test_all_as_wanted(self) -> None:
        answer = probes.judge_connections([("a", "t:80", True, True), ("a", "t:81", False, False)])
        assert answer == probes.Answer(True, "all 1 allowed connections open, all 1 denied ones closed")

    def test_a_policy_that_does_not_bite(self) -> None:
        answer = probes.judge_connections([("a", "t:80", True, True), ("b", "t:81", False, True)])
        assert answer == probes.Answer(False, "b → t:81: open")

    def test_nothing_asked_shows_nothing(self) -> None:
        assert not probes.judge_connections([]).ok


@pytest.mark.parametrize(
    ("fields", "output", "ok"),
    [
        ({}, Output(0, "x", ""), True),
        ({}, Output(1, "", "reset by peer"), False),
        ({"code": [1, 56]}, Output(56, "", ""), True),
        ({"code": "nonzero"}, Output(1, "", ""), True),
        ({"code": "nonzero"}, Output(0, "", ""), False),
        ({"code": "nonzero", "contains": "reset"}, Output(1, "", "reset by peer"), True),
        ({"code": "nonzero", "contains": "reset"}, Output(1, "", "bad address"), False),
        ({"lacks": "error"}, Output(0, "an error", ""), False),
    ],
)
def test_outputs(fields: dict[str, Any], output: Output, ok: bool) -> None:
    probe = probes.Exec(type="exec", source=probes.Source(**SOURCE), command=["x"], **fields)
    assert probes.judge_outputs(probe, [("here", Output(output.code, output.stdout, output.stderr))]).ok is ok


PAGE = """\
# HELP pilot_total_xds_rejects Total number of XDS responses from pilot rejected by proxy.
pilot_total_xds_rejects{type="cds"} 1
pilot_total_xds_rejects{type="lds"} 2.5e+0
pilot_total_xds_rejects_other 9
up 1 1690000000000
"""


def test_metrics() -> None:
    assert probes.metrics(PAGE, "pilot_total_xds_rejects") == [
        ('pilot_total_xds_rejects{type="cds"}', 1.0),
        ('pilot_total_xds_rejects{type="lds"}', 2.5),
    ]
    assert probes.metrics(PAGE, "up") == [("up", 1.0)]


def test_rejected_updates_of_a_proxy_are_named() -> None:
    good = "cluster_manager.cds.update_rejected: 0\nlistener_manager.lds.update_rejected: 0\n"
    assert probes.judge_rejects([("a/b", Output(0, good, ""))]) == probes.Answer(
        True, "0 rejected updates on 1 proxies"
    )
    bad = probes.judge_rejects([("a/b", Output(0, good + "http.x.rds.update_rejected: 2\n", ""))])
    assert bad == probes.Answer(False, "a/b: http.x.rds.update_rejected 2")
    assert not probes.judge_rejects([("a/b", Output(1, "", "no agent"))]).ok
    assert probes.judge_rejects([("a/b", Output(0, "", ""))]).evidence == "a/b: tells no update_rejected: "


@pytest.mark.parametrize(
    ("text", "ok", "evidence"),
    [
        (
            '{"time": "t", "level": "info"}\n{"time": "u", "level": "error", "more": 1}\n',
            True,
            "2 lines of 1 containers",
        ),
        ('{"time": "t", "level": "info"}\nplain\n', False, "a/app: not a JSON object: 'plain'"),
        ('{"time": "t"}\n', False, "a/app: no level: "),
        ("[]\n", False, "a/app: not a JSON object"),
        ("", False, "0 lines of 1 containers"),
    ],
)
def test_logs_are_judged_by_every_line(text: str, ok: bool, evidence: str) -> None:
    probe = probes.Logs(type="logs", namespace="shop", selector="a=b", keys=["time", "level"])
    answer = probes.judge_logs(probe, [("a/app", text)])
    assert answer.ok is ok
    assert answer.evidence.startswith(evidence)


def test_a_query_is_judged_by_every_series() -> None:
    probe = probes.PrometheusQuery(
        type="prometheus_query", query="up", source=probes.Source(**SOURCE), least=1, series=2
    )
    up = [{"metric": {"job": "a"}, "value": [0, "1"]}, {"metric": {"job": "b"}, "value": [0, "1"]}]
    assert probes.judge_query(probe, up).evidence == "up: 2 series: 1, 1"
    assert probes.judge_query(probe, [up[0]]).evidence == "up: 1 series, expected at least 2"
    down = probes.judge_query(probe, [up[0], {"metric": {"job": "b"}, "value": [0, "0"]}])
    assert down.evidence == 'up: {"job": "b"} = 0'


class Cells(Cluster):
    """A cluster of two pods in which commands end as told: tells what probes run where, not what a cluster does."""

    def __init__(self, outputs: dict[tuple[str, str], Output]) -> None:
        self.outputs = outputs

    def pods(self, namespace: str = "", selector: str = "") -> list[Pod]:
        return [Pod(namespace, f"probe-{at}", at, "10.0.0.1", True, ("probe",)) for at in ("one", "two")]

    def run(self, pod: Pod, container: str, command: Any) -> Output:
        return self.outputs.get((pod.node, " ".join(command)), Output(1, "", "unknown"))


def test_names_are_asked_for_in_every_pod() -> None:
    probe = probes.Dns(type="dns", source=probes.Source(**SOURCE), names=["a.b"])
    good = {(at, "nslookup a.b"): Output(0, "Address: 10.0.0.2", "") for at in ("one", "two")}
    assert probe.ask(Cells(good)) == probes.Answer(True, "a.b resolve on one, two")
    del good["two", "nslookup a.b"]
    assert probe.ask(Cells(good)) == probes.Answer(False, "two: a.b: unknown")


def test_connections_are_tried_from_every_pod() -> None:
    probe = probes.Connect(type="connect", source=probes.Source(**SOURCE), open=["t:80"], closed=["t:81"])
    opened = {(at, "nc -w 2 t 80 -e /bin/busybox true"): Output(0, "", "") for at in ("one", "two")}
    assert probe.ask(Cells(opened)).evidence == "all 2 allowed connections open, all 2 denied ones closed"


def test_a_source_without_pods_is_told() -> None:
    class Empty(Cells):
        def pods(self, namespace: str = "", selector: str = "") -> list[Pod]:
            return []

    probe = probes.Dns(type="dns", source=probes.Source(**SOURCE), names=["a.b"])
    with pytest.raises(ClusterError, match="no ready pod matches 'app=probe' in namespace gantry-verify"):
        probe.ask(Empty({}))


def test_a_pod_shows_its_sidecars_as_containers() -> None:
    body = {
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {
            "nodeName": "n",
            "containers": [{"name": "app"}],
            "initContainers": [{"name": "init"}, {"name": "istio-proxy", "restartPolicy": "Always"}],
        },
        "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }
    assert Pod.of(body) == Pod("b", "a", "n", "10.0.0.1", True, ("app", "istio-proxy"))


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        moved = self.path == "/moved"
        self.send_response(308 if moved else 200)
        if moved:
            self.send_header("Location", "https://here/shop")
        self.send_header("X-Cache", "HIT from here")
        self.end_headers()
        token = self.headers.get("x-token", "")
        self.wfile.write(f"host {self.headers['Host']}, token of {token.count('.') + 1} parts".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize(
    ("path", "fields", "ok"),
    [
        ("/", {}, True),
        ("/", {"contains": "host 127"}, True),
        ("/", {"contains": "nothing like it"}, False),
        ("/", {"lacks": "nothing like it"}, True),
        ("/", {"lacks": "host 127"}, False),
        ("/", {"status": [404, 403]}, False),
        ("/moved", {"status": [301, 308], "location": "https://"}, True),
        ("/moved", {"status": 308, "location": "http://"}, False),
        ("/", {"answers": {"x-cache": "HIT"}}, True),
        ("/", {"answers": {"x-cache": "MISS"}}, False),
        ("/", {"answers": {"x-absent": "a"}}, False),
        ("/", {"host": "shop.example", "contains": "host shop.example"}, True),
    ],
)
def test_http(address: str, path: str, fields: dict[str, Any], ok: bool) -> None:
    probe = probes.Http(type="http", url=address + path, **fields)
    answer = probe.ask(cast(Cluster, None))
    assert answer.ok is ok, answer


def test_http_asks_with_a_token_made_for_it(address: str, tmp_path: Path) -> None:
    token = {"key_file": str(tmp_path / "key"), "header": "x-token", "issuer": "i", "audience": "a", "scopes": ["s"]}
    probe = probes.Http.model_validate({"type": "http", "url": address, "token": token, "contains": "token of 3 parts"})
    with pytest.raises(keys.IdentityError, match="key is not there"):
        probe.ask(cast(Cluster, None))
    keys.write_key(tmp_path / "key", keys.new_key())
    assert probe.ask(cast(Cluster, None)).ok


def test_http_of_nobody_is_an_answer() -> None:
    answer = probes.Http(type="http", url="http://127.0.0.1:1/").ask(cast(Cluster, None))
    assert not answer.ok
    assert "refused" in answer.evidence


EDGES = [("gateway", "catalog.shop"), ("catalog.shop", "catalog")]


def spans(trace_id: str, *services: str) -> bytes:
    """Jaeger's answer for a trace in which each service calls the next; the first one's caller is unknown to Jaeger."""

    def span(at: int) -> dict[str, Any]:
        reference = {"refType": "CHILD_OF", "traceID": trace_id, "spanID": str(at - 1) if at else "theirs"}
        return {"spanID": str(at), "processID": f"p{at}", "references": [reference]}

    processes = {f"p{at}": {"serviceName": service} for at, service in enumerate(services)}
    trace = {"traceID": trace_id, "spans": [span(at) for at in range(len(services))], "processes": processes}
    return json.dumps({"data": [trace], "errors": None}).encode()


class TestTrace:
    @pytest.fixture
    def probe(self) -> probes.Trace:
        return probes.Trace(type="trace", url="https://h/shop", query="https://h/jaeger", edges=EDGES)

    def test_edges_between_services_are_found(self, probe: probes.Trace) -> None:
        answer = probes.judge_trace(probe, "7", 200, spans("7", "gateway", "catalog.shop", "catalog", "catalog"), 1.24)
        told = "4 spans of catalog, catalog.shop, gateway; catalog.shop → catalog, gateway → catalog.shop"
        assert answer == probes.Answer(True, f"trace 7 of https://h/shop after 1.2 s: {told}")

    @pytest.mark.parametrize(
        ("status", "body", "told"),
        [
            (404, b"", "after 1.0 s: not there"),
            (503, b"overloaded", "status 503: b'overloaded'"),
            (200, b'{"data": []}', "missing: gateway → catalog.shop, catalog.shop → catalog"),
            (200, spans("7", "gateway", "catalog.shop"), "missing: catalog.shop → catalog"),
            (200, spans("7", "gateway"), "1 spans of gateway; no edges; missing: gateway → catalog.shop"),
            (200, spans("7", "catalog", "catalog.shop", "gateway"), "missing: gateway → catalog.shop"),
        ],
    )
    def test_what_is_missing_is_told(self, probe: probes.Trace, status: int, body: bytes, told: str) -> None:
        answer = probes.judge_trace(probe, "7", status, body, 1.0)
        assert not answer.ok
        assert told in answer.evidence

    def test_the_request_is_sent_once_and_asked_for_until_it_is_there(self) -> None:
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Jaeger) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            at = f"http://127.0.0.1:{server.server_address[1]}"
            sent = probes.Trace(type="trace", url=f"{at}/shop", query=f"{at}/jaeger", edges=EDGES, within=5)
            answer = sent.ask(cast(Cluster, None))
            refused = sent.model_copy(update={"url": f"{at}/refused"}).ask(cast(Cluster, None))
            late = sent.model_copy(update={"query": f"{at}/nowhere", "within": 0.3}).ask(cast(Cluster, None))
            server.shutdown()
        assert answer.ok, answer
        assert [path for path in _Jaeger.asked if path == "/shop"] == ["/shop", "/shop"]
        assert refused.evidence == f"GET {at}/refused: 403"
        assert not late.ok
        assert late.evidence.endswith("s: not there")

    def test_a_gateway_that_is_gone_is_an_answer(self, probe: probes.Trace) -> None:
        gone = probe.model_copy(update={"url": "http://127.0.0.1:1/"}).ask(cast(Cluster, None))
        assert not gone.ok
        assert "refused" in gone.evidence


class _Jaeger(_Handler):
    """Takes a request and knows its trace from the third question on."""

    asked: ClassVar[list[str]] = []
    traces: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if trace := self.headers["traceparent"]:
            self.traces.append(trace.split("-")[1])
            self.answer(403 if self.path == "/refused" else 200, b"")
            return
        known = self.path == f"/jaeger/api/traces/{self.traces[-1]}" and self.asked.count(self.path) > 2
        self.answer(200 if known else 404, spans(self.traces[-1], "gateway", "catalog.shop", "catalog"))

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)
