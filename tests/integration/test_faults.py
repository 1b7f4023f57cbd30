"""The module ``fault`` with Kubernetes' own controllers: what it makes is there for its time, and gone afterwards."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.faults.inject import FILTERS, STATEFUL_SETS, Injection
from ansible_collections.gantry.platform.plugins.module_utils.faults.model import REPLICAS, Fault, FaultError
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, Releases
from tests.integration.kubelet import add_node, kubelet, running

CATALOG, NATS = {"app.kubernetes.io/name": "catalog"}, {"app.kubernetes.io/name": "nats"}


def workload(kind: str, name: str, labels: dict[str, str]) -> Object:
    container = {"name": "app", "image": "example.org/app:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec: Object = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}


@pytest.fixture(scope="module", autouse=True)
def cluster(controlled: ApiServer, client: Client) -> Cluster:
    """A ready node, and the kind of Istio's that a fault is made of."""
    add_node(client, "faults-node")
    version = {
        "name": "v1alpha3",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    names = {"kind": "EnvoyFilter", "listKind": "EnvoyFilterList", "plural": "envoyfilters", "singular": "envoyfilter"}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "envoyfilters.networking.istio.io"},
        "spec": {"group": "networking.istio.io", "scope": "Namespaced", "names": names, "versions": [version]},
    }
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    client.request("POST", path, body=definition)
    deadline = time.monotonic() + 20
    while client.find(FILTERS.path("default")) is None and time.monotonic() < deadline:
        time.sleep(0.2)
    return Cluster(controlled.kubeconfig, timeout=15)


def starts(pod: Object) -> Iterator[Object]:
    yield running(pod)


@pytest.fixture
def shop(release: Releases, client: Client) -> Iterator[Releases]:
    """A catalog and a broker that are ready, in one namespace."""
    with kubelet(client, release.namespace, starts):
        release(objects=[workload("Deployment", "catalog", CATALOG), workload("StatefulSet", "nats", NATS)])
        yield release


def injection(shop: Releases, client: Client, cluster: Cluster, name: str, seconds: int = 2) -> Injection:
    fault = Fault(name, "catalog", seconds, 50, 500)
    return Injection(client, cluster, fault, shop.namespace, shop.namespace)


def filters(client: Client, namespace: str) -> list[str]:
    return [item["metadata"]["name"] for item in client.get(FILTERS.path(namespace))["items"]]


def seen(look: Callable[[], Any], until: threading.Event) -> list[Any]:
    """What was seen from now on, in a list that grows."""
    found: list[Any] = []

    def watch() -> None:
        while not until.wait(0.1):
            found.append(look())

    threading.Thread(target=watch, daemon=True).start()
    return found


def test_a_filter_is_there_for_its_time(shop: Releases, client: Client, cluster: Cluster) -> None:
    done = threading.Event()
    found = seen(lambda: filters(client, shop.namespace), done)
    told = injection(shop, client, cluster, "errors").run()
    done.set()
    assert ["fault-errors-catalog"] in found
    assert filters(client, shop.namespace) == []
    assert told["done"] == ["50 % of the requests to catalog are answered with 503"]
    assert told["seconds"] >= 2


def test_told_to_end_it_ends_the_fault(shop: Releases, client: Client, cluster: Cluster) -> None:
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    began = time.monotonic()
    with pytest.raises(SystemExit):
        injection(shop, client, cluster, "latency", seconds=60).run()
    assert time.monotonic() - began < 30
    assert filters(client, shop.namespace) == []


def test_the_broker_is_stopped_and_comes_back(shop: Releases, client: Client, cluster: Cluster) -> None:
    path, done = STATEFUL_SETS.path(shop.namespace, "nats"), threading.Event()
    found = seen(lambda: client.get(path)["spec"]["replicas"], done)
    injection(shop, client, cluster, "broker_stop").run()
    done.set()
    live = client.get(path)
    assert 0 in found
    assert (live["spec"]["replicas"], live["status"]["readyReplicas"]) == (1, 1)
    assert REPLICAS not in live["metadata"].get("annotations", {})
    # Whoever declares it finds no other owner of what was changed.
    shop(objects=[workload("Deployment", "catalog", CATALOG), workload("StatefulSet", "nats", NATS)])


def test_what_an_earlier_one_left_is_cleared(shop: Releases, client: Client, cluster: Cluster) -> None:
    left = injection(shop, client, cluster, "broker_stop")
    [live] = left._brokers()
    left._apply(STATEFUL_SETS, {**live_scaled(live), "spec": {"replicas": 0}})
    dry = injection(shop, client, cluster, "none").run(check=True)
    assert dry["done"] == ["StatefulSet nats scaled to 1"]
    assert client.get(STATEFUL_SETS.path(shop.namespace, "nats"))["spec"]["replicas"] == 0
    cleared = injection(shop, client, cluster, "none").run()
    assert (cleared["changed"], cleared["done"]) == (True, ["StatefulSet nats scaled to 1"])
    assert injection(shop, client, cluster, "none").run()["changed"] is False


def live_scaled(live: Object) -> Object:
    metadata = {**{key: live["metadata"][key] for key in ("name", "namespace", "uid")}, "annotations": {REPLICAS: "1"}}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}


def test_a_pod_is_killed_and_another_comes(shop: Releases, client: Client, cluster: Cluster) -> None:
    before = [pod.name for pod in cluster.pods(shop.namespace, "app.kubernetes.io/name=catalog")]
    injection(shop, client, cluster, "pod_kill", seconds=5).run()
    after = [pod.name for pod in cluster.pods(shop.namespace, "app.kubernetes.io/name=catalog")]
    assert len(before) == len(after) == 1
    assert before != after


@pytest.mark.parametrize("name", ["errors", "broker_stop", "pod_kill"])
def test_check_mode_touches_nothing(shop: Releases, client: Client, cluster: Cluster, name: str) -> None:
    pods = [pod.name for pod in cluster.pods(shop.namespace)]
    began = time.monotonic()
    assert injection(shop, client, cluster, name, seconds=60).run(check=True)["changed"] is True
    assert time.monotonic() - began < 20
    assert filters(client, shop.namespace) == []
    assert [pod.name for pod in cluster.pods(shop.namespace)] == pods


@pytest.mark.parametrize("name", ["errors", "payment_errors", "slow_database", "broker_stop", "pod_kill"])
def test_where_there_is_nothing_to_hurt_it_says_so(
    release: Releases, client: Client, cluster: Cluster, name: str
) -> None:
    with pytest.raises(FaultError, match="shop_enabled"):
        injection(release, client, cluster, name).run(check=True)
