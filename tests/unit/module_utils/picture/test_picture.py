"""The architecture picture: what is shown, and that it is well-formed and the same each time."""

from __future__ import annotations

import random
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.picture import model
from ansible_collections.gantry.platform.plugins.module_utils.picture.model import Component, Route
from ansible_collections.gantry.platform.plugins.module_utils.picture.svg import WIDTH, draw

Object = dict[str, Any]

INVENTORY = {
    "environment": "local",
    "driver": "machines",
    "address": "https://10.90.0.10:30443",
    "registry": "10.90.0.1:5000",
    "networks": {"machines": "10.90.0.0/24"},
    "pools": [
        {"name": "control", "capacity": "on_demand", "size": {"cpu": 2, "memory": "4Gi"}},
        {"name": "spot", "capacity": "spot"},
    ],
}


def node(name: str, pool: str, **labels: str) -> Object:
    return {
        "metadata": {"name": name, "labels": {"gantry.dev/pool": pool, **labels}},
        "status": {
            "capacity": {"cpu": "4", "memory": "8170464Ki"},
            "addresses": [{"type": "InternalIP", "address": "10.90.0.10"}],
            "nodeInfo": {"kubeletVersion": "v1.37.2"},
        },
    }


def pod(
    namespace: str, name: str, on: str, label: str = "app", owner: str = "ReplicaSet", phase: str = "Running"
) -> Object:
    return {
        "metadata": {
            "namespace": namespace,
            "name": f"{name}-x",
            "labels": {label: name},
            "ownerReferences": [{"kind": owner, "name": name}],
        },
        "spec": {"nodeName": on},
        "status": {"phase": phase},
    }


def service(namespace: str, *rules: Object, gateway: str = "istio-ingress/platform") -> Object:
    return {"metadata": {"namespace": namespace, "name": "x"}, "spec": {"gateways": [gateway], "http": list(rules)}}


def rule(path: str, host: str) -> Object:
    return {"match": [{"uri": {"prefix": path}}], "route": [{"destination": {"host": host}}]}


NODES = [node("local-spot-1", "spot"), node("local-control-1", "control", **{model.CONTROL_PLANE: ""})]
PODS = [
    pod("shop", "catalog", "local-spot-1"),
    pod("shop", "catalog", "local-spot-1"),
    pod("shop", "migrate", "local-spot-1", phase="Succeeded"),
    pod("istio-ingress", "istio-ingressgateway", "local-spot-1"),
    pod("kube-system", "etcd", "local-control-1", "component", "Node"),
    pod("kube-system", "cilium", "local-control-1", "k8s-app", "DaemonSet"),
    pod("kube-system", "cilium", "local-spot-1", "k8s-app", "DaemonSet"),
]
SERVICES = [
    service("shop", rule("/shop", "catalog"), {"match": [{"uri": {"exact": "/old"}}], "redirect": {"uri": "/shop"}}),
    service("monitoring", rule("/prometheus/", "prometheus.monitoring.svc.cluster.local")),
    service("shop", rule("/inner", "catalog"), gateway="mesh"),
]


def seen() -> model.Picture:
    return model.picture(INVENTORY, NODES, PODS, SERVICES)


def test_nodes_stand_in_the_order_of_their_pools_with_what_runs_on_them_alone() -> None:
    first, second = seen().nodes
    assert (first.name, first.kind, first.size) == ("local-control-1", "control plane, on-demand", "2 CPU, 4 GiB")
    assert (second.name, second.kind, second.size) == ("local-spot-1", "worker, spot", "4 CPU, 7.8 GiB")
    assert [(one.namespace, one.name, one.count) for one in second.components] == [
        ("istio-ingress", "istio-ingressgateway", 1),
        ("shop", "catalog", 2),
    ]
    assert seen().everywhere == (Component(0, "kube-system", "cilium", 2),)


def test_routes_are_those_of_the_gateway_that_lead_to_a_service() -> None:
    assert seen().routes == (Route("/prometheus", "monitoring/prometheus"), Route("/shop", "shop/catalog"))


@pytest.mark.parametrize(
    ("namespace", "title"),
    [
        ("kube-system", "Cluster"),
        ("istio-system", "Mesh"),
        ("gatekeeper-system", "Policies"),
        ("jaeger", "Telemetry"),
        ("argocd", "Delivery"),
        ("shop-dev", "Services"),
    ],
)
def test_a_namespace_has_an_area(namespace: str, title: str) -> None:
    assert list(model.AREAS.values())[model.area_of(namespace)][0] == title


def test_the_picture_is_well_formed_and_within_its_sheet() -> None:
    root = ElementTree.fromstring(draw(seen()))
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    for words in ("Environment local", "https://10.90.0.10:30443", "/shop", "local-spot-1", "catalog ×2", "cilium"):
        assert words in texts
    height = float(root.attrib["height"])
    for one in root.iter("{http://www.w3.org/2000/svg}rect"):
        x, y, w, h = (float(one.get(key, 0)) for key in ("x", "y", "width", "height"))
        assert x >= 0
        assert x + w <= WIDTH
        assert y + h <= height


def test_the_same_objects_in_another_order_give_the_same_picture() -> None:
    nodes, pods, services = list(NODES), list(PODS), list(SERVICES)
    for some in (nodes, pods, services):
        random.Random(1).shuffle(some)
    assert draw(model.picture(INVENTORY, nodes, pods, services)) == draw(seen())


def test_many_nodes_and_names_with_markup_are_drawn_too() -> None:
    many = [node(f"n-{number}<&>", "spot") for number in range(7)]
    ElementTree.fromstring(draw(model.picture(INVENTORY, many, [], [])))
