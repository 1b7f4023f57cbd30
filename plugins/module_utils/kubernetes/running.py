"""Asks a cluster which versions of Kubernetes run on its nodes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.drain import (
    CONTROL_PLANE_LABEL,
    NODES,
    NodesError,
)
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.nodes import not_ready
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.upgrade import Running, Version
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import Access

POOL_LABEL = "gantry.dev/pool"
API_PORT = 6443


def look(access: Access) -> list[Running]:
    """Every node of the cluster; of control planes also what their own API servers say. Raises ReleaseError."""
    client = Client(access, "gantry-upgrade")
    try:
        return list(_nodes(client, access))
    finally:
        client.close()


def _nodes(client: Client, access: Access) -> Iterator[Running]:
    for node in client.get(NODES).get("items") or []:
        labels = node["metadata"].get("labels") or {}
        yield Running(
            name=str(node["metadata"]["name"]),
            pool=str(labels.get(POOL_LABEL, "")),
            kubelet=kubelet_version(node),
            api=_api_version(access, node) if CONTROL_PLANE_LABEL in labels else None,
            ready=not not_ready(node),
            cordoned=bool((node.get("spec") or {}).get("unschedulable")),
        )


def kubelet_version(node: dict[str, Any]) -> Version:
    """What a node's kubelet reports."""
    return Version.parse(str(node["status"]["nodeInfo"]["kubeletVersion"]))


def _api_version(access: Access, node: dict[str, Any]) -> Version:
    """What the API server of that control plane says, not the one that the kubeconfig leads to."""
    addresses = {one["type"]: one["address"] for one in node["status"].get("addresses") or []}
    client = Client(replace(access, server=f"https://{addresses['InternalIP']}:{API_PORT}"), "gantry-upgrade")
    try:
        return Version.parse(str(client.get("/version")["gitVersion"]))
    finally:
        client.close()


def wait(access: Access, name: str, wanted: Version, seconds: float) -> None:
    """Wait until a node is ready with a kubelet of that version. Raises NodesError with what it is instead."""
    client = Client(access, "gantry-upgrade")
    deadline = time.monotonic() + seconds
    try:
        while True:
            node = client.get(f"{NODES}/{name}")
            version, trouble = kubelet_version(node), not_ready(node)
            if version == wanted and not trouble:
                return
            if time.monotonic() > deadline:
                raise NodesError(
                    f"node {name} runs kubelet {version} ({trouble or 'ready'}) after {seconds:.0f} s, not {wanted}. "
                    "Look there with: journalctl -u kubelet. Run the upgrade again: it goes on with this node"
                )
            time.sleep(1)
    finally:
        client.close()
