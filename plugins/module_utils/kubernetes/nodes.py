"""Node objects as their pools want them: pure decisions, apart from the calls of :mod:`.drain`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ANNOTATION = "gantry.dev/managed"
"""Names of the labels and taints that came from the pool, so that those it gives up are removed, and no others."""
POOL_LABEL = "gantry.dev/pool"
CONTROL_PLANE_TAINT = ("node-role.kubernetes.io/control-plane", "NoSchedule")
"""kubeadm's own taint counts as ours: whether a control plane also takes work is for its pool to say."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """A node as its pool wants it. A taint is {key, effect} and maybe {value}."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Node:
        """Read {name, labels, taints}."""
        return cls(str(data["name"]), dict(data.get("labels") or {}), tuple(dict(t) for t in data.get("taints") or ()))


def _identity(taint: Mapping[str, Any]) -> tuple[str, str]:
    return str(taint["key"]), str(taint["effect"])


def _managed(live: Object) -> tuple[set[str], set[tuple[str, str]]]:
    """Labels and taints of a live node that came from its pool."""
    try:
        found = json.loads((live["metadata"].get("annotations") or {}).get(ANNOTATION) or "{}")
        return set(found.get("labels", [])), {(key, effect) for key, effect in found.get("taints", [])}
    except (AttributeError, TypeError, ValueError):
        return set(), set()


def change(live: Object, wanted: Node) -> Object:
    """The JSON merge patch that brings a live node to what is wanted; empty where nothing differs.

    Labels and taints that someone else set (the kubelet, a cloud, an operator) stay.
    """
    metadata = live["metadata"]
    had_labels, had_taints = _managed(live)
    labels = metadata.get("labels") or {}
    patch_labels: Object = {key: value for key, value in wanted.labels.items() if labels.get(key) != value}
    patch_labels |= dict.fromkeys(key for key in had_labels - set(wanted.labels) if key in labels)

    present = live.get("spec", {}).get("taints") or []
    ours = {_identity(taint) for taint in wanted.taints}
    others = [t for t in present if _identity(t) not in had_taints | ours | {CONTROL_PLANE_TAINT}]
    held = {_identity(t): t for t in present}
    kept = [{**held.get(_identity(taint), {}), **taint} for taint in wanted.taints]
    managed = json.dumps(
        {"labels": sorted(wanted.labels), "taints": sorted([t["key"], t["effect"]] for t in wanted.taints)}
    )
    patch: Object = {}
    if patch_labels:
        patch.setdefault("metadata", {})["labels"] = patch_labels
    if (metadata.get("annotations") or {}).get(ANNOTATION) != managed:
        patch.setdefault("metadata", {})["annotations"] = {ANNOTATION: managed}
    if sorted(map(_compared, present)) != sorted(map(_compared, others + kept)):
        patch["spec"] = {"taints": others + kept}
        patch.setdefault("metadata", {})["resourceVersion"] = metadata["resourceVersion"]
    return patch


def _compared(taint: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(taint["key"]), str(taint["effect"]), str(taint.get("value") or "")


def shown(live: Object, patch: Object) -> tuple[Object, Object]:
    """What a patch changes of a node, before and after, for a diff."""
    before: Object = {}
    after: Object = {}
    labels = patch.get("metadata", {}).get("labels")
    if labels:
        present = live["metadata"].get("labels") or {}
        before["labels"] = {key: present[key] for key in labels if key in present}
        after["labels"] = {key: value for key, value in labels.items() if value is not None}
    if "spec" in patch:
        before["taints"] = live.get("spec", {}).get("taints") or []
        after["taints"] = patch["spec"]["taints"]
    return before, after


def surplus(live: Iterable[Object], wanted: Iterable[Node]) -> list[Object]:
    """Live nodes that came from a pool and that no pool asks for any more."""
    names = {node.name for node in wanted}
    return [
        node
        for node in live
        if node["metadata"]["name"] not in names and POOL_LABEL in (node["metadata"].get("labels") or {})
    ]


def not_ready(live: Object) -> str:
    """Why a node is not ready, in the kubelet's words; empty where it is."""
    for condition in live.get("status", {}).get("conditions") or []:
        if condition.get("type") == "Ready":
            if condition.get("status") == "True":
                return ""
            return str(condition.get("message") or condition.get("reason") or "not ready")
    return "its kubelet has not reported yet"


def evictable(pod: Object) -> bool:
    """Whether draining a node moves a pod: not a DaemonSet's, not a static pod's mirror, not one that has ended."""
    metadata = pod["metadata"]
    if "kubernetes.io/config.mirror" in (metadata.get("annotations") or {}):
        return False
    if any(o.get("kind") == "DaemonSet" and o.get("controller") for o in metadata.get("ownerReferences") or []):
        return False
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def volumes_on(volumes: Iterable[Object], node: str) -> list[Object]:
    """Bound volumes that exist on one node only: their data ends with it."""

    def is_there(volume: Object) -> bool:
        required = (volume["spec"].get("nodeAffinity") or {}).get("required") or {}
        expressions = [
            e for term in required.get("nodeSelectorTerms") or [] for e in term.get("matchExpressions") or []
        ]
        return any(e.get("key") == "kubernetes.io/hostname" and e.get("values") == [node] for e in expressions)

    return [v for v in volumes if is_there(v) and v.get("status", {}).get("phase") == "Bound"]
