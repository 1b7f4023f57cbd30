"""Nodes come to have what their pools say, exactly, and keep what others gave them."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.nodes import (
    ANNOTATION,
    Node,
    change,
    evictable,
    not_ready,
    shown,
    surplus,
    volumes_on,
)

SPOT = {"key": "gantry.dev/capacity", "value": "spot", "effect": "NoSchedule"}
UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def live(labels: dict[str, str] | None = None, taints: list[dict[str, str]] | None = None) -> dict[str, Any]:
    metadata = {"name": "n", "resourceVersion": "7", "labels": {"kubernetes.io/os": "linux", **(labels or {})}}
    return {"metadata": metadata, "spec": {"taints": taints} if taints else {}}


def applied(node: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """What the server makes of a JSON merge patch."""
    result = copy.deepcopy(node)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = applied(result.get(key, {}), value)
        else:
            result[key] = value
    return result


def test_a_new_node_gets_labels_and_taints_and_then_rests() -> None:
    wanted = Node("n", {"gantry.dev/pool": "spot"}, (SPOT,))
    after = applied(live(taints=[UNREACHABLE]), change(live(taints=[UNREACHABLE]), wanted))
    assert after["metadata"]["labels"] == {"kubernetes.io/os": "linux", "gantry.dev/pool": "spot"}
    assert after["spec"]["taints"] == [UNREACHABLE, SPOT]
    assert change(after, wanted) == {}


def test_what_a_pool_gives_up_is_removed_and_what_others_set_stays() -> None:
    before = Node("n", {"gantry.dev/pool": "spot", "tier": "cheap"}, (SPOT,))
    node = applied(live({"mine": "x"}, [UNREACHABLE]), change(live({"mine": "x"}, [UNREACHABLE]), before))
    wanted = Node("n", {"gantry.dev/pool": "spot"})
    after = applied(node, change(node, wanted))
    assert after["metadata"]["labels"] == {"kubernetes.io/os": "linux", "mine": "x", "gantry.dev/pool": "spot"}
    assert after["spec"]["taints"] == [UNREACHABLE]
    assert change(after, wanted) == {}


@pytest.mark.parametrize("taints", [(), (CONTROL_PLANE,)])
def test_whether_a_control_plane_takes_work_is_its_pools_word(taints: tuple[dict[str, str], ...]) -> None:
    node = live(taints=[CONTROL_PLANE])
    after = applied(node, change(node, Node("n", {}, taints)))
    assert after["spec"]["taints"] == list(taints)


def test_a_changed_value_of_a_taint_is_a_change() -> None:
    node = live(taints=[{**SPOT, "value": "other"}])
    assert change(node, Node("n", {}, (SPOT,)))["spec"]["taints"] == [SPOT]


def test_taints_are_patched_against_the_version_that_was_read() -> None:
    assert change(live(), Node("n", {}, (SPOT,)))["metadata"]["resourceVersion"] == "7"


def test_a_torn_annotation_claims_nothing() -> None:
    node = live({"gantry.dev/pool": "spot"})
    node["metadata"]["annotations"] = {ANNOTATION: "[1"}
    assert json.loads(change(node, Node("n", {}))["metadata"]["annotations"][ANNOTATION])["labels"] == []


def test_the_diff_shows_what_changes_only() -> None:
    node = live({"tier": "a"})
    assert shown(node, change(node, Node("n", {"tier": "b"}))) == ({"labels": {"tier": "a"}}, {"labels": {"tier": "b"}})


def test_surplus_are_nodes_of_pools_that_none_asks_for() -> None:
    ours = {"metadata": {"name": "old", "labels": {"gantry.dev/pool": "spot"}}}
    kept = {"metadata": {"name": "kept", "labels": {"gantry.dev/pool": "spot"}}}
    theirs = {"metadata": {"name": "theirs", "labels": {}}}
    assert surplus([ours, kept, theirs], [Node("kept")]) == [ours]


def test_a_node_says_why_it_is_not_ready() -> None:
    assert not_ready({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}) == ""
    bad = {"type": "Ready", "status": "False", "message": "cni plugin not initialized"}
    assert not_ready({"status": {"conditions": [bad]}}) == "cni plugin not initialized"
    assert not_ready({}) == "its kubelet has not reported yet"


@pytest.mark.parametrize(
    ("pod", "moves"),
    [
        ({"metadata": {}}, True),
        ({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}}, False),
        ({"metadata": {"ownerReferences": [{"kind": "DaemonSet", "controller": True}]}}, False),
        ({"metadata": {"ownerReferences": [{"kind": "ReplicaSet", "controller": True}]}}, True),
        ({"metadata": {}, "status": {"phase": "Succeeded"}}, False),
    ],
)
def test_draining_moves_what_can_move(pod: dict[str, Any], moves: bool) -> None:
    assert evictable(pod) is moves


def test_volumes_that_exist_on_one_node_only_are_found() -> None:
    def volume(node: str, phase: str) -> dict[str, Any]:
        expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
        terms = [{"matchExpressions": [expression]}]
        return {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}}, "status": {"phase": phase}}

    here, released = volume("a", "Bound"), volume("a", "Released")
    assert volumes_on([here, released, volume("b", "Bound"), {"spec": {}}], "a") == [here]
