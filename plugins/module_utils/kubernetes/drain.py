"""Calls on nodes: label, approve, drain, remove, wait. What to do is decided in ``nodes`` and ``certificates``."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import certificates
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.nodes import (
    Node,
    Object,
    change,
    evictable,
    not_ready,
    shown,
    surplus,
    volumes_on,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError

NODES = "/api/v1/nodes"
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
MERGE = "application/merge-patch+json"
CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"


class NodesError(Exception):
    """A node is not as it should be, and cannot be made so. The message names it, and the remedy."""


@dataclass
class Changes:
    """What was, or in check mode would be, changed: node names, and a diff for each."""

    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    drained: list[str] = field(default_factory=list)
    uncordoned: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    """Pods that were asked to leave, as ``namespace/name``."""
    claims: list[str] = field(default_factory=list)
    """Claims whose only copy is on a drained node: their pods wait for it."""
    diff: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Nodes:
    """The nodes of one cluster. ``check``: tell, do not do."""

    client: Client
    wanted: Sequence[Node]
    check: bool = False
    changes: Changes = field(default_factory=Changes)

    def live(self) -> dict[str, Object]:
        """The node objects by name."""
        return {str(node["metadata"]["name"]): node for node in self.client.get(NODES).get("items") or []}

    def label(self, live: dict[str, Object]) -> None:
        """Bring the labels and taints of the nodes that are there to what their pools say."""
        for node in self.wanted:
            patch = change(live[node.name], node) if node.name in live else {}
            if not patch:
                continue
            before, after = shown(live[node.name], patch)
            self.changes.changed.append(node.name)
            header = f"node {node.name}"
            self.changes.diff.append(
                {"before": before, "after": after, "before_header": header, "after_header": header}
            )
            if not self.check:
                self.client.request("PATCH", f"{NODES}/{node.name}", {}, patch, MERGE)

    def approve(self, live: dict[str, Object]) -> None:
        """Sign the serving certificates that nodes of the inventory ask for. Others are left for a person to judge."""
        names = {node.name for node in self.wanted}
        addresses = {name: certificates.node_addresses(node) for name, node in live.items() if name in names}
        for request in certificates.pending(self.client.get(CSRS).get("items") or []):
            if certificates.objection(request, addresses):
                continue
            name = request["metadata"]["name"]
            self.changes.approved.append(certificates.node_of(request))
            if not self.check:
                self.client.request("PUT", f"{CSRS}/{name}/approval", {}, certificates.approval(request))

    def wait(self, ready: bool, seconds: float) -> None:
        """Wait until every wanted node is there, and with ``ready`` is Ready, approving what they ask for meanwhile.

        Raises NodesError naming those that are not, in their kubelets' words.
        """
        deadline = time.monotonic() + seconds
        while True:
            live = self.live()
            self.label(live)
            self.approve(live)
            late = {n.name: "it has not joined the cluster" for n in self.wanted if n.name not in live}
            if ready:
                troubles = {n.name: not_ready(live[n.name]) for n in self.wanted if n.name in live}
                late |= {name: trouble for name, trouble in troubles.items() if trouble}
            if not late or self.check:
                return
            if time.monotonic() > deadline:
                lines = "\n".join(f"- {name}: {trouble}" for name, trouble in sorted(late.items()))
                raise NodesError(
                    f"{len(late)} of {len(self.wanted)} nodes are not ready after {seconds:.0f} s:\n{lines}\n"
                    "Look on the node with: journalctl -u kubelet -u containerd"
                )
            time.sleep(1)

    def forget(self, names: Sequence[str]) -> None:
        """Remove node objects, and nothing else: nodes that are made anew, whose name the cluster must take again."""
        for name in sorted(set(names) & set(self.live())):
            self.changes.removed.append(name)
            if not self.check:
                self._delete(f"{NODES}/{name}")

    def remove_surplus(self, remove_volumes: bool, seconds: float) -> None:
        """Drain and remove the nodes that no pool asks for. Raises NodesError where a volume or a budget forbids it."""
        for node in surplus(self.live().values(), self.wanted):
            self._remove(node, remove_volumes, seconds)

    def remove(self, names: Sequence[str], remove_volumes: bool, seconds: float) -> None:
        """Drain and remove nodes by name, which are to be made anew; one that is gone already is passed over.

        Raises NodesError for a control plane, and where a volume or a budget forbids it.
        """
        live = self.live()
        for node in [live[name] for name in names if name in live]:
            if CONTROL_PLANE_LABEL in (node["metadata"].get("labels") or {}):
                raise NodesError(
                    f"node {node['metadata']['name']} is a control plane and a member of etcd: it is not removed "
                    "like a worker. Run site, which repairs its machine"
                )
            self._remove(node, remove_volumes, seconds)

    def drain(self, names: Sequence[str], force: bool, seconds: float) -> None:
        """Move the pods of nodes away and let none come.

        Raises NodesError for an unknown node, for pods that do not leave, and without ``force`` for pods that no
        controller makes anew.
        """
        for name, node in self._named(names):
            pods = self._pods(name)
            bare = [_name(pod) for pod in pods if not pod["metadata"].get("ownerReferences")]
            if bare and not force:
                raise NodesError(
                    f"node {name} runs pods that no controller makes anew: {', '.join(sorted(bare))}. "
                    "Nothing was moved. Delete them, or have them ended with remediation_force=true"
                )
            volumes = volumes_on(self.client.get("/api/v1/persistentvolumes").get("items") or [], name)
            self.changes.claims += sorted(_claim(volume) for volume in volumes)
            self.changes.moved += sorted(_name(pod) for pod in pods)
            if pods or not _cordoned(node):
                self.changes.drained.append(name)
            if not self.check:
                self._cordon(name, True)
                self._drain(name, seconds)

    def uncordon(self, names: Sequence[str]) -> None:
        """Let nodes take pods again. Raises NodesError for an unknown node."""
        for name, node in self._named(names):
            if _cordoned(node):
                self.changes.uncordoned.append(name)
                if not self.check:
                    self._cordon(name, False)

    def _named(self, names: Sequence[str]) -> list[tuple[str, Object]]:
        live = self.live()
        for name in names:
            if name not in live:
                raise NodesError(
                    f"remediation_node: there is no node {name!r}. There are: {', '.join(sorted(live)) or 'none'}"
                )
        return [(name, live[name]) for name in names]

    def _cordon(self, name: str, cordoned: bool) -> None:
        self.client.request("PATCH", f"{NODES}/{name}", {}, {"spec": {"unschedulable": cordoned or None}}, MERGE)

    def _remove(self, node: Object, remove_volumes: bool, seconds: float) -> None:
        name = str(node["metadata"]["name"])
        volumes = volumes_on(self.client.get("/api/v1/persistentvolumes").get("items") or [], name)
        claims = sorted(_claim(volume) for volume in volumes)
        if claims and not remove_volumes:
            raise NodesError(
                f"node {name} holds the only copy of {', '.join(claims)}: move the data and delete the "
                "claims, keep the node, or give the data up with kubernetes_remove_volumes=true "
                "(in a remediation: remediation_remove_volumes=true)"
            )
        self.changes.removed.append(name)
        if self.check:
            return
        self._cordon(name, True)
        for claim in claims:
            namespace, _, claim_name = claim.partition("/")
            self._delete(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim_name}")
        self._drain(name, seconds)
        for volume in volumes:
            self._delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")
        self._delete(f"{NODES}/{name}")

    def _pods(self, node: str) -> list[Object]:
        found = self.client.get("/api/v1/pods", fieldSelector=f"spec.nodeName={node}").get("items") or []
        return [pod for pod in found if evictable(pod)]

    def _drain(self, node: str, seconds: float) -> None:
        """Evict a node's pods and wait for their end; from a node that is gone they are deleted at once."""
        deadline = time.monotonic() + seconds
        refused = ""
        while pods := self._pods(node):
            if time.monotonic() > deadline:
                names = ", ".join(map(_name, pods))
                raise NodesError(
                    f"node {node} is not drained after {seconds:.0f} s, still there: {names}. "
                    f"{refused or 'They do not end'}. "
                    "Run again, or raise kubernetes_drain_timeout (remediation_timeout). It stays cordoned"
                )
            gone = bool(not_ready(self.client.get(f"{NODES}/{node}")))  # it may be so only after a while
            for pod in pods:
                refused = self._evict(pod, gone) or refused
            time.sleep(1)

    def _evict(self, pod: Object, gone: bool) -> str:
        """Ask one pod to leave; why it may not, or an empty string."""
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if gone:
            self._delete(path, {"gracePeriodSeconds": 0})
            return ""
        if metadata.get("deletionTimestamp"):
            return ""
        names = {"name": metadata["name"], "namespace": metadata["namespace"]}
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": names}
        try:
            self.client.request("POST", f"{path}/eviction", {}, body)
        except ApiError as error:
            if error.status not in (404, 429):
                raise
            return str(error) if error.status == 429 else ""
        return ""

    def _delete(self, path: str, body: Object | None = None) -> None:
        try:
            self.client.request("DELETE", path, {}, body)
        except ApiError as error:
            if error.status != 404:
                raise


def _name(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _claim(volume: Object) -> str:
    reference = volume["spec"]["claimRef"]
    return f"{reference['namespace']}/{reference['name']}"


def _cordoned(node: Object) -> bool:
    return bool((node.get("spec") or {}).get("unschedulable"))
