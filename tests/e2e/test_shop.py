"""The shop under two faults while customers buy, one order as one trace, and what all its pods write."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import ROOT, STATE, address, drill, get, kubectl, objects, query, wait_until
from tests.e2e.shop import ENABLED, NAMESPACE, OFF, Trouble, endure, judge, ready, recovered, restock
from tests.shop.logs import judged

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not ENABLED, reason=OFF)]

SYNCHRONOUS = [("istio-ingressgateway", "edge"), ("edge", "shopapi"), ("shopapi", "orders")]
ASYNCHRONOUS = [
    ("orders", "stock"),
    ("stock", "orders"),
    ("orders", "payments"),
    ("payments", "orders"),
    ("orders", "orderview"),
    ("orders", "notifications"),
]


@pytest.fixture(scope="module", autouse=True)
def whole() -> Iterator[None]:
    """The shop is whole before, and no fault is left afterwards."""
    wait_until(ready, 120, "the shop is ready", pause=2)
    yield
    kubectl("delete", "envoyfilters", f"--namespace={NAMESPACE}", "--selector=platform.gantry.dev/fault")


def test_no_order_is_lost_or_doubled_under_two_faults() -> None:
    before = restock(1000)
    troubles = [
        Trouble.by_play("payment_errors", 25, percent=60),
        Trouble.by_play("broker_stop", 15),
    ]
    with drill("shop.faults", "12", "Two faults while customers buy: no order lost or doubled") as it:
        phases, found = endure(troubles, users=10, seconds=600)
        judge(phases, found, before, it)


KNOWN = "/api/products?limit=20"
HEAR = "fetch(`http://127.0.0.1:8080${process.argv[1]}`).then(answer => process.exit(answer.ok ? 0 : 1))"


def test_breakers_of_service_and_mesh_open_and_close_while_the_shop_answers() -> None:
    levels = {
        "shopapi": 'sum(breaker_state{job="shopapi", name="catalog", state="open"})',
        "mesh": 'sum(envoy_cluster_outlier_detection_ejections_active{cluster_name=~".*catalog.*"})',
    }
    opened: set[str] = set()
    degraded = 0
    for pod in objects("pods", f"--namespace={NAMESPACE}", "--selector=app.kubernetes.io/name=shopapi"):
        name = pod["metadata"]["name"]  # each knows the page's products, as after a while of customers
        kubectl("exec", name, f"--namespace={NAMESPACE}", "--container=shopapi", "--", "node", "-e", HEAR, KNOWN)
    with drill("shop.breakers", "5", "Both levels' breakers open and close, and the shop answers, degraded") as it:
        with ThreadPoolExecutor(1) as pool:
            errors = pool.submit(Trouble.by_play("errors", 60, service="catalog", percent=100).happen)
            while not errors.done():
                get(f"/shop/api/products?q={uuid4().hex[:8]}")  # nobody has heard the answer: it may fail
                for path in ("/shop/", f"/shop{KNOWN}"):
                    answer = get(path)
                    assert answer.status == 200, f"{path}: {answer.status}"
                degraded += bool(answer.json().get("degraded"))
                for level in levels.keys() - opened:
                    if (found := query(levels[level])) and float(found[0]["value"][1]) > 0:
                        opened.add(level)
                time.sleep(0.1)
            errors.result()
        assert opened == levels.keys(), f"opened: {sorted(opened)}"
        assert degraded, "no answer was degraded"

        def closed() -> bool:
            for level, expression in levels.items():
                assert float(query(expression)[0]["value"][1]) == 0, f"{level} is open"
            return recovered()

        wait_until(closed, 90, "both breakers are closed")
        it.evidence = f"{degraded} degraded answers, none failed; opened and closed again: {', '.join(sorted(opened))}"


def node() -> str:
    """Node for the browser's script: the one that the services' tests bring, or the host's."""
    own = ROOT / "services/.node/bin/node"
    found = str(own) if own.exists() else shutil.which("node")
    assert found, "there is no Node: make -C services/storefront test brings one"
    return found


def ordered() -> dict[str, str]:
    """One order in Chromium; its id and the id of its trace."""
    subprocess.run(
        [
            "make",
            "--no-print-directory",
            "-C",
            str(ROOT / "services/storefront"),
            "node_modules/.installed",
            "chromium",
        ],
        check=True,
    )
    environment = {**os.environ, "SHOP_URL": f"{address()}/shop/"}
    command = [node(), str(ROOT / "tests/e2e/order.mjs")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def services(trace: dict[str, Any]) -> dict[str, str]:
    """Spans to the names of services, those of a sidecar without its namespace."""
    names = {id: process["serviceName"].partition(".")[0] for id, process in trace["processes"].items()}
    return {span["spanID"]: names[span["processID"]] for span in trace["spans"]}


def edges(trace: dict[str, Any]) -> set[tuple[str, str]]:
    """Callers and callees, who tell and who hear."""
    of = services(trace)
    return {
        (of[reference["spanID"]], of[span["spanID"]])
        for span in trace["spans"]
        for reference in span["references"]
        if reference["spanID"] in of
    }


def kinds(trace: dict[str, Any]) -> dict[str, set[str]]:
    """Services by the kind of span that they have: producer, consumer, server, client."""
    of = services(trace)
    found: dict[str, set[str]] = {}
    for span in trace["spans"]:
        for tag in span["tags"]:
            if tag["key"] == "span.kind":
                found.setdefault(tag["value"], set()).add(of[span["spanID"]])
    return found


def test_an_order_in_a_browser_is_one_trace() -> None:
    with drill("shop.trace", "18", "An order placed in Chromium is one trace through all services") as it:
        order = ordered()

        def complete() -> dict[str, Any]:
            answer = get(f"/jaeger/api/traces/{order['trace_id']}")
            assert answer.status == 200, answer.body[:200]
            [trace] = answer.json()["data"]
            missing = {*SYNCHRONOUS, *ASYNCHRONOUS} - edges(trace)
            assert not missing, f"missing: {sorted(missing)}; seen: {sorted(edges(trace))}"
            assert {"orders", "stock", "payments"} <= kinds(trace).get("producer", set()), kinds(trace)
            assert {"orders", "stock", "payments", "orderview", "notifications"} <= kinds(trace).get("consumer", set())
            found: dict[str, Any] = trace
            return found

        trace = wait_until(complete, 90, f"the trace of order {order['order_id']} is whole", pause=2)
        it.evidence = (
            f"order {order['order_id']}: {len(trace['spans'])} spans, trace {order['trace_id']}, "
            f"{len(SYNCHRONOUS)} calls and {len(ASYNCHRONOUS)} events asserted"
        )


def secrets() -> set[str]:
    """Every secret of the environment that a log must not have in it."""
    found = {path.read_text().strip() for path in (STATE / "data").glob("*") if path.is_file()}
    return {text for text in found if len(text) >= 8}


def test_every_line_of_every_pod_is_of_one_schema_and_without_secrets() -> None:
    # Numbers of test cards, by which it shows whether what is masked is masked: they are refused, and may be logged.
    body = {"email": "log@example.com", "payment_token": "4111111111111111", "idempotency_key": "log-schema-drill"}
    refused = get("/shop/api/orders", {"Content-Type": "application/json"}, "POST", json.dumps(body))
    assert refused.status in (400, 422), refused.body
    get("/shop/api/products?q=4111%201111%201111%201111")
    with drill("shop.logs", "3", "Every line of every pod is JSON of one schema, without secrets") as it:
        lines = pods = 0
        wrong: list[str] = []
        for pod in objects("pods", f"--namespace={NAMESPACE}"):
            name = pod["metadata"]["name"]
            service = pod["metadata"]["labels"].get("app.kubernetes.io/name", "")
            text = kubectl("logs", name, f"--namespace={NAMESPACE}", f"--container={main_container(pod)}", "--tail=-1")
            found = judged(text, secrets())
            wrong += [f"{name}: {one}" for one in found.wrong]
            lines, pods = lines + found.lines, pods + bool(found.lines)
            assert found.lines or service in ("storefront", "edge"), f"{name} wrote nothing"
        assert not wrong, "\n".join(wrong[:30])
        it.evidence = f"{lines} lines of {pods} pods"


def main_container(pod: dict[str, Any]) -> str:
    """The service's own container."""
    names = [container["name"] for container in pod["spec"]["containers"]]
    service = pod["metadata"]["labels"].get("app.kubernetes.io/name", "")
    return str(service if service in names else next(name for name in names if not re.match("istio-", name)))
