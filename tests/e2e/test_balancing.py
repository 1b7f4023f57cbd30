"""How requests spread over pods and zones, measured where they are sent: by the counters of the gateway's own Envoy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e import meshed
from tests.e2e.conftest import CONTRACT, drill, get, kubectl, objects, wait_until

pytestmark = pytest.mark.e2e

REQUESTS = 400
TOLERANCE = 0.1
"""A share may differ by this much: four deviations of so many requests, and more."""
NAMESPACE = "balancing-drill"
HOST = f"catalog.{NAMESPACE}.svc.cluster.local"
PATH = "/balancing-drill"
ZONES = sorted({zone for pool in CONTRACT["platform_node_pools"] for zone in pool.get("zones", [])})


@dataclass(frozen=True)
class Endpoint:
    """A pod as the gateway sees it: its address, its zone, and the requests sent to it so far."""

    address: str
    zone: str
    sent: int


def gateway() -> dict[str, Any]:
    """The gateway's one running pod."""
    found = objects("pods", "--namespace=istio-ingress", "--selector=istio=ingressgateway")
    running = [
        pod for pod in found if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]
    assert len(running) == 1, f"{len(running)} gateways: their counters would have to be added up"
    return running[0]


def zone_of(node: str) -> str:
    [found] = objects(f"node/{node}")
    return str(found["metadata"]["labels"].get("topology.kubernetes.io/zone", ""))


def endpoints(host: str) -> list[Endpoint]:
    """The pods of a service by the gateway's counters."""
    command = ["pilot-agent", "request", "GET", "clusters?format=json"]
    name = gateway()["metadata"]["name"]
    text = kubectl("exec", name, "--namespace=istio-ingress", "--container=istio-proxy", "--", *command)
    found = [
        Endpoint(
            entry["address"]["socket_address"]["address"],
            entry.get("locality", {}).get("zone", ""),
            next(int(stat.get("value", 0)) for stat in entry["stats"] if stat["name"] == "rq_total"),
        )
        for cluster in json.loads(text)["cluster_statuses"]
        if cluster["name"] == f"outbound|8080||{host}"
        for entry in cluster.get("host_statuses", [])
        if entry.get("health_status", {}).get("eds_health_status", "HEALTHY") == "HEALTHY"
    ]
    assert found, f"the gateway knows no pod of {host}"
    return found


@dataclass(frozen=True)
class Spread:
    """Shares of the requests: by pod, and by zone."""

    pods: dict[str, float]
    zones: dict[str, float]

    def __str__(self) -> str:
        def listed(shares: dict[str, float]) -> str:
            return ", ".join(f"{name or 'none'} {share:.1%}" for name, share in sorted(shares.items()))

        return f"{REQUESTS} requests; zones: {listed(self.zones)}; pods: {listed(self.pods)}"


def ask(path: str) -> int:
    return get(path).status


def measure(path: str, host: str) -> Spread:
    """Sends requests through the gateway, eight at a time, each of which must be answered; tells where they went."""
    before = {endpoint.address: endpoint.sent for endpoint in endpoints(host)}
    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(ask, [path] * REQUESTS))
    assert statuses == {200: REQUESTS}
    after = endpoints(host)
    sent = {endpoint: endpoint.sent - before.get(endpoint.address, 0) for endpoint in after}
    total = sum(sent.values())
    assert total >= REQUESTS, "a pod left in the middle"
    zones: Counter[str] = Counter()
    for endpoint, count in sent.items():
        zones[endpoint.zone] += count
    return Spread(
        {f"{endpoint.address} ({endpoint.zone})": count / total for endpoint, count in sent.items()},
        {zone: count / total for zone, count in zones.items()},
    )


needs_zones = pytest.mark.skipif(len(ZONES) < 2, reason="the nodes of this environment stand in one zone")


def in_two_zones() -> bool:
    return len({endpoint.zone for endpoint in endpoints("catalog.shop.svc.cluster.local")}) > 1


@needs_zones
def test_the_catalogs_requests_mostly_stay_in_their_zone() -> None:
    with drill("services.balancing", "12", "Of the catalog's requests four in five stay in the gateway's zone") as told:
        own = zone_of(gateway()["spec"]["nodeName"])
        if not in_two_zones():  # an autoscaler takes pods away wherever they are; a new one goes where there are fewer
            one, *_ = objects("pods", "--namespace=shop", "--selector=app.kubernetes.io/name=catalog")
            kubectl("delete", "pod", one["metadata"]["name"], "--namespace=shop")
        wait_until(in_two_zones, 90, "pods in two zones")
        spread = measure("/shop/catalog/products?q=mug&limit=1", "catalog.shop.svc.cluster.local")
        told.evidence = f"gateway in zone {own}; {spread}"
        assert abs(spread.zones[own] - 0.8) <= TOLERANCE, str(spread)


def deployment(zone: str) -> dict[str, Any]:
    """Two pods of one zone."""
    labels = {**meshed.labels("catalog"), "zone": zone}
    spec = meshed.pod_spec("catalog", {"topology.kubernetes.io/zone": zone})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"catalog-{zone}", "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": meshed.UNSCRAPED}, "spec": spec},
        },
    }


def rule(**policy: Any) -> dict[str, Any]:
    """The DestinationRule under test."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "catalog", "namespace": NAMESPACE, "labels": meshed.labels("catalog")},
        "spec": {
            "host": HOST,
            "trafficPolicy": {
                "loadBalancer": {"simple": "LEAST_REQUEST", **policy},
                "outlierDetection": {"consecutive5xxErrors": 3, "interval": "2s", "baseEjectionTime": "5s"},
            },
        },
    }


def around() -> list[dict[str, Any]]:
    """Everything of the drill but its pods and its rule."""
    gate = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-ingress"}}}
    istiod = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "istio-system"}}}
    dns = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    common: dict[str, Any] = {"namespace": NAMESPACE, "labels": meshed.labels("catalog")}
    part_of = {"app.kubernetes.io/name": NAMESPACE, "app.kubernetes.io/part-of": "drill", "istio-injection": "enabled"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": part_of}},
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {**common, "name": "default-deny"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {**common, "name": "catalog"},
            "spec": {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": [gate], "ports": [{"port": 8080, "protocol": "TCP"}]}],
                "egress": [
                    {"to": [istiod], "ports": [{"port": 15012, "protocol": "TCP"}]},
                    {"to": [dns], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
                ],
            },
        },
        meshed.account("catalog", NAMESPACE),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**common, "name": "catalog"},
            "spec": {
                "selector": meshed.labels("catalog"),
                "ports": [{"name": "http-api", "port": 8080, "targetPort": "http-api"}],
            },
        },
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {**common, "name": "catalog"},
            "spec": {"rules": [{"from": [{"source": {"principals": [meshed.GATEWAY]}}]}]},
        },
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {**common, "name": "catalog"},
            "spec": {
                "gateways": ["istio-ingress/platform"],
                "hosts": ["*"],
                "http": [
                    {
                        "match": [{"uri": {"exact": PATH}}],
                        "rewrite": {"uri": "/healthz"},
                        "route": [{"destination": {"host": HOST, "port": {"number": 8080}}}],
                        "timeout": "5s",
                        "retries": {"attempts": 2, "retryOn": "connect-failure,refused-stream,unavailable"},
                    }
                ],
            },
        },
    ]


@pytest.fixture(scope="module")
def own() -> Iterator[str]:
    """Two pods in each of two zones behind the gateway; the gateway's own zone."""
    zone = zone_of(gateway()["spec"]["nodeName"])
    other = next(name for name in ZONES if name != zone)
    items = around()
    try:
        meshed.apply([*items, rule(localityLbSetting={"enabled": False}), deployment(zone), deployment(other)])
        for name in (zone, other):
            kubectl("rollout", "status", f"deployment/catalog-{name}", f"--namespace={NAMESPACE}", "--timeout=120s")
        wait_until(lambda: len(endpoints(HOST)) == 4 and ask(PATH) == 200, 30, "the gateway knows four pods")
        yield zone
    finally:
        meshed.delete(items[:1])


@needs_zones
def test_least_request_is_even_over_pods(own: str) -> None:
    with drill("services.least_request", "12", "With LEAST_REQUEST alone every pod gets its even share") as told:
        spread = measure(PATH, HOST)
        told.evidence = str(spread)
        assert len(spread.pods) == 4
        assert all(abs(share - 0.25) <= TOLERANCE for share in spread.pods.values()), str(spread)


@needs_zones
def test_the_meshs_shares_are_kept_between_zones_and_even_within(own: str) -> None:
    with drill(
        "services.zone_shares", "12", "Between zones the shares are 80 to 20, within a zone they are even"
    ) as told:
        meshed.apply([rule()])
        spread = wait_until(lambda: settled(0.8, own), 60, "80 in 100 requests stay")
        told.evidence = f"gateway in zone {own}; {spread}"
        for pod, share in spread.pods.items():
            half = spread.zones[own] / 2 if f"({own})" in pod else (1 - spread.zones[own]) / 2
            assert abs(share - half) <= TOLERANCE, str(spread)


@needs_zones
def test_with_failover_all_stay_until_their_zone_is_gone(own: str) -> None:
    with drill(
        "services.failover", "12", "Requests stay in their zone, and leave it without a failure when it is gone"
    ) as told:
        meshed.apply([rule(localityLbSetting={"enabled": True, "failoverPriority": list(KEYS)})])
        first = wait_until(lambda: settled(1.0, own, 0.0), 60, "all requests stay")
        kubectl("scale", f"deployment/catalog-{own}", f"--namespace={NAMESPACE}", "--replicas=0")
        during = Counter(ask(PATH) for _ in range(REQUESTS))
        assert during == {200: REQUESTS}
        wait_until(
            lambda: {e.zone for e in endpoints(HOST)} == {z for z in ZONES if z != own} & set(ZONES[:2]), 60, "gone"
        )
        then = measure(PATH, HOST)
        told.evidence = f"gateway in zone {own}; at first {first}; while its pods stopped {dict(during)}; then {then}"
        assert own not in then.zones


KEYS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


def settled(share: float, zone: str, tolerance: float = TOLERANCE) -> Spread:
    """What was measured, once the zone's share is what it should be: a rule takes a moment to reach the gateway."""
    spread = measure(PATH, HOST)
    assert abs(spread.zones.get(zone, 0) - share) <= tolerance, str(spread)
    return spread
