# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters for Kubernetes nodes: pure transforms of the inventory and of the facts of M(gantry.platform.node_facts)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Pool, memory_bytes, names_of

POOL_LABEL = "gantry.dev/pool"
CAPACITY_LABEL = "gantry.dev/capacity"
ZONE_LABEL = "topology.kubernetes.io/zone"
REGION_LABEL = "topology.kubernetes.io/region"


def image_tag(images: Iterable[str], repository: str) -> str:
    """The tag under which the bundle has an image of ``repository``; empty where it has none."""
    return next((image.rpartition(":")[2] for image in images if image.rpartition(":")[0] == repository), "")


def kubernetes_binary(binaries: Mapping[str, str], name: str, version: str) -> str:
    """Path of a program of Kubernetes in that version: the bundle has older ones as ``<name>-<minor>``."""
    return binaries.get(f"{name}-{version.rpartition('.')[0]}") or binaries[name]


def node_names(pools: Iterable[Mapping[str, Any]], environment: str) -> list[str]:
    """The names of all nodes that the pools of machines ask for."""
    try:
        return names_of(environment, map(Pool.parse, pools))
    except MachinesError as error:
        raise AnsibleFilterError(str(error)) from error


def beyond_size(node: Mapping[str, Any], size: Mapping[str, Any] | None) -> dict[str, str]:
    """What a node sees beyond its size, as a kubelet's ``systemReserved``.

    ``node`` has ``cores`` and ``memory`` (bytes), ``size`` has ``cpu`` (cores) and ``memory`` (a quantity). Nothing is
    reserved where the node is no larger than its size, or has none: a server's pods get all of it.
    """
    if size is None:
        return {"cpu": "0m", "memory": "0Ki"}
    try:
        cores, memory = float(size["cpu"]), memory_bytes(size["memory"])
    except (KeyError, TypeError, ValueError, MachinesError) as error:
        raise AnsibleFilterError(f"size {dict(size)}: {error}; write it like {{cpu: 2, memory: 4Gi}}") from error
    return {
        "cpu": f"{max(0, round((node['cores'] - cores) * 1000))}m",
        "memory": f"{max(0, math.ceil((node['memory'] - memory) / 1024))}Ki",
    }


def place(name: str, zones: list[str], region: str) -> dict[str, str]:
    """The labels of where a node stands: a pool's nodes take its zones in turn, by the number that ends their name.

    Without zones the node has no place of its own: a cloud may label it, and nobody else.
    """
    if not zones:
        return {}
    number = re.search(r"\d+$", name)
    return {REGION_LABEL: region, ZONE_LABEL: zones[(int(number[0]) - 1 if number else 0) % len(zones)]}


def pool_node(name: str, pool: Mapping[str, Any], region: str = "") -> dict[str, Any]:
    """One node as its pool wants it: {name, labels, taints}."""
    labels = {
        POOL_LABEL: pool["name"],
        CAPACITY_LABEL: pool.get("capacity", "on_demand"),
        **place(name, list(pool.get("zones") or []), region),
        **(pool.get("labels") or {}),
    }
    taints = [
        {key: str(taint[key]) for key in ("key", "value", "effect") if taint.get(key) not in (None, "")}
        for taint in pool.get("taints") or []
    ]
    return {"name": name, "labels": {key: str(value) for key, value in labels.items()}, "taints": taints}


def pool_nodes(
    hosts: Iterable[Mapping[str, Any]], pools: Iterable[Mapping[str, Any]], region: str = "local"
) -> list[dict[str, Any]]:
    """The nodes as their pools want them, in the order of the hosts' variables; see M(gantry.platform.nodes).

    ``region``: what the zones of the pools are in.
    """
    by_name = {pool["name"]: pool for pool in pools}
    nodes = []
    for host in hosts:
        name, pool = host["inventory_hostname"], host.get("node_pool")
        if pool not in by_name:
            raise AnsibleFilterError(f"{name}: node_pool is '{pool}', which is none of {', '.join(by_name)}")
        nodes.append(pool_node(name, by_name[pool], region))
    return nodes


def node_sizes(
    hosts: Iterable[Mapping[str, Any]], pools: Iterable[Mapping[str, Any]]
) -> list[dict[str, str | float | int]]:
    """What each node may use by its pool: {name, cpu (cores), memory (bytes)}, in the order of the hosts' variables.

    A node whose pool is unknown here, or has no size, is left out: it may use what it has.
    """
    sizes = {pool["name"]: pool["size"] for pool in pools if pool.get("size")}
    return [
        {"name": host["inventory_hostname"], "cpu": float(size["cpu"]), "memory": memory_bytes(size["memory"])}
        for host in hosts
        if (size := sizes.get(host.get("node_pool")))
    ]


def zone_shares(pools: Iterable[Mapping[str, Any]], region: str, own: int) -> list[dict[str, Any]]:
    """Istio's ``distribute``: of a hundred requests ``own`` stay in their zone, others share the rest evenly.

    Empty where fewer than two zones have nodes: there is nothing to choose between.
    """
    if not 0 <= own <= 100:
        raise AnsibleFilterError(f"istio_zone_share is {own}: give a whole number from 0 to 100")
    zones = sorted({zone for pool in pools for zone in pool.get("zones") or []})
    if len(zones) < 2:
        return []
    shares = []
    for zone in zones:
        others = [other for other in zones if other != zone]
        rest = [(100 - own) // len(others) + (index < (100 - own) % len(others)) for index in range(len(others))]
        weights = {zone: own, **dict(zip(others, rest, strict=True))}
        to = {f"{region}/{name}/*": weight for name, weight in sorted(weights.items()) if weight}
        shares.append({"from": f"{region}/{zone}/*", "to": to})
    return shares


def joiners(hosts: Iterable[Mapping[str, Any]], first: str) -> list[str]:
    """Names of the hosts that are no part of the cluster of ``first``, by the facts of all.

    A cluster that was not there when the facts were taken has no member yet.
    """
    found = {host["inventory_hostname"]: host["ansible_facts"]["node"]["kubernetes"] for host in hosts}
    cluster = found.pop(first)
    ca = cluster["ca"] if cluster["state"] == "joined" else ""
    return [name for name, node in found.items() if node["state"] != "joined" or not ca or node["ca"] != ca]


def cpu_patch(cpu: str, container: str, in_template: bool = False, configuration: str = "") -> str:
    """A patch for kubeadm that sets the CPU request of a container of a static pod, or of a Deployment's template.

    ``configuration`` is a mark of what the pod reads at its start: another one starts it anew.
    """
    pod: dict[str, Any] = {"spec": {"containers": [{"name": container, "resources": {"requests": {"cpu": cpu}}}]}}
    if configuration:
        pod["metadata"] = {"annotations": {"gantry.dev/configuration": configuration}}
    return json.dumps({"spec": {"template": pod}} if in_template else pod) + "\n"


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """The filters by name."""
        return {
            "beyond_size": beyond_size,
            "cpu_patch": cpu_patch,
            "image_tag": image_tag,
            "joiners": joiners,
            "kubernetes_binary": kubernetes_binary,
            "node_names": node_names,
            "node_sizes": node_sizes,
            "pool_nodes": pool_nodes,
            "zone_shares": zone_shares,
        }
