"""What an architecture picture shows, read from an inventory and from live objects. Pure, in a fixed order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.remediation.components import LABELS

Object = dict[str, Any]

POOL = "gantry.dev/pool"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
AREAS = {
    "cluster": ("Cluster", ("kube-", "gantry-", "default", "vpa", "autoscaling", "metrics-server")),
    "mesh": ("Mesh", ("istio-",)),
    "policy": ("Policies", ("gatekeeper-", "opa")),
    "telemetry": ("Telemetry", ("monitoring", "node-exporter", "dashboards", "grafana", "jaeger", "tracing")),
    "delivery": ("Delivery", ("argocd", "git", "gitops", "delivery")),
    "services": ("Services", ("",)),
}
"""What a namespace is for, by how its name begins; the first that fits."""


@dataclass(frozen=True, order=True)
class Component:
    """Pods of one name in one namespace."""

    area: int
    namespace: str
    name: str
    count: int = 1


@dataclass(frozen=True)
class Node:
    """A node with what it has, what runs on it alone, and the pool that asks for it."""

    name: str
    pool: str
    kind: str
    address: str
    size: str
    components: tuple[Component, ...] = ()


@dataclass(frozen=True)
class Route:
    """A path of the one address, and the service that answers there."""

    path: str
    service: str


@dataclass(frozen=True)
class Picture:
    """All that is drawn."""

    environment: str
    facts: tuple[str, ...]
    address: str
    gateway: str
    routes: tuple[Route, ...]
    nodes: tuple[Node, ...]
    everywhere: tuple[Component, ...]
    host: tuple[str, ...] = field(default=())


def area_of(namespace: str) -> int:
    """The place of a namespace's area in AREAS."""
    beginnings = [beginnings for _, beginnings in AREAS.values()]
    return next(index for index, some in enumerate(beginnings) if namespace.startswith(some))


def name_of(pod: Object) -> str:
    """What runs in a pod: by its labels, or by the owner's name."""
    labels = pod["metadata"].get("labels") or {}
    for key in (*LABELS, "component"):
        if labels.get(key):
            return str(labels[key])
    owners = pod["metadata"].get("ownerReferences") or []
    return str(owners[0]["name"] if owners else pod["metadata"]["name"])


def components(pods: Iterable[Object]) -> tuple[Component, ...]:
    """Pods counted by namespace and name, in the order of areas."""
    counted = Counter((str(pod["metadata"]["namespace"]), name_of(pod)) for pod in pods)
    return tuple(sorted(Component(area_of(ns), ns, name, count) for (ns, name), count in counted.items()))


def is_daemon(pod: Object) -> bool:
    """Whether a DaemonSet put it there."""
    return any(one.get("kind") == "DaemonSet" for one in pod["metadata"].get("ownerReferences") or [])


def routes(virtual_services: Iterable[Object]) -> tuple[Route, ...]:
    """Paths of the gateway and the first service behind each; redirects and the mesh's inner routes are left out."""
    found: dict[str, str] = {}
    for one in virtual_services:
        if not any(gateway != "mesh" for gateway in one["spec"].get("gateways") or []):
            continue
        namespace = one["metadata"]["namespace"]
        for rule in one["spec"].get("http") or []:
            destinations = [route["destination"]["host"] for route in rule.get("route") or []]
            for match in rule.get("match") or []:
                uri = match.get("uri") or {}
                path = str(uri.get("prefix") or uri.get("exact") or "").rstrip("/") or "/"
                if destinations and uri:
                    found.setdefault(path, _service(str(destinations[0]), namespace))
    return tuple(Route(path, service) for path, service in sorted(found.items()))


def _service(host: str, namespace: str) -> str:
    name, *rest = host.split(".")
    return f"{rest[0] if rest else namespace}/{name}"


def nodes(live: Iterable[Object], pods: Sequence[Object], pools: Sequence[Mapping[str, Any]]) -> tuple[Node, ...]:
    """Nodes in the order of their pools, with what runs on each beside the daemons."""
    order = [str(pool["name"]) for pool in pools]
    capacities = {str(pool["name"]): str(pool.get("capacity", "")).replace("_", "-") for pool in pools}
    sizes = {str(pool["name"]): pool.get("size") for pool in pools}
    found = []
    for one in live:
        metadata, status = one["metadata"], one.get("status") or {}
        labels = metadata.get("labels") or {}
        pool = str(labels.get(POOL, ""))
        addresses = [a["address"] for a in status.get("addresses") or [] if a.get("type") == "InternalIP"]
        kinds = ["control plane" if CONTROL_PLANE in labels else "worker", capacities.get(pool, "")]
        here = [pod for pod in pods if pod["spec"].get("nodeName") == metadata["name"] and not is_daemon(pod)]
        node = Node(
            name=str(metadata["name"]),
            pool=pool,
            kind=", ".join(filter(None, kinds)),
            address=addresses[0] if addresses else "",
            size=size(sizes.get(pool) or status.get("capacity") or {}),
            components=components(here),
        )
        found.append((order.index(pool) if pool in order else len(order), node.name, node))
    return tuple(node for _, _, node in sorted(found, key=lambda item: item[:2]))


def size(capacity: Mapping[str, Any]) -> str:
    """`2 CPU, 3.9 GiB` of a pool's size, or else of a node's capacity: a machine's kernel counts the host's memory."""
    units = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    memory = str(capacity.get("memory", "0"))
    number = float(memory[:-2]) * units[memory[-2:]] if memory[-2:] in units else float(memory)
    return f"{capacity.get('cpu', '?')} CPU, {number / 2**30:.1f} GiB".replace(".0 GiB", " GiB")


def picture(
    inventory: Mapping[str, Any],
    live_nodes: Sequence[Object],
    pods: Sequence[Object],
    virtual_services: Sequence[Object],
) -> Picture:
    """Of an inventory ({environment, driver, pools, networks, registry, address}) and the objects of its cluster."""
    running = [pod for pod in pods if (pod.get("status") or {}).get("phase") == "Running"]
    version = next((str(one["status"]["nodeInfo"]["kubeletVersion"]) for one in live_nodes), "")
    gateways = [pod for pod in running if name_of(pod) == "istio-ingressgateway"]
    networks = inventory.get("networks") or {}
    return Picture(
        environment=str(inventory["environment"]),
        facts=(
            f"driver {inventory['driver']}",
            f"Kubernetes {version}",
            f"{len(live_nodes)} nodes, {len(running)} pods",
        ),
        address=str(inventory["address"]),
        gateway=f"{gateways[0]['metadata']['namespace']}/istio-ingressgateway" if gateways else "no gateway",
        routes=routes(virtual_services),
        nodes=nodes(live_nodes, running, inventory["pools"]),
        everywhere=components(pod for pod in running if is_daemon(pod)),
        host=(
            f"registry {inventory['registry']}: the bundle's images, pinned by digest",
            *(f"{name} network {network}" for name, network in networks.items()),
        ),
    )
