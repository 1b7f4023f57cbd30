"""A kubelet gets a certificate of its own names and addresses, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.certificates import (
    approval,
    node_of,
    objection,
    pending,
)

from tests.unit.module_utils.kubernetes.certificate import request

ADDRESSES = {"local-spot-1": ["10.90.0.12", "local-spot-1"], "local-control-1": ["10.90.0.10"]}


def test_a_node_may_ask_for_its_own() -> None:
    assert objection(request("local-spot-1", ("local-spot-1", "10.90.0.12")), ADDRESSES) == ""


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (request("stranger", ("stranger",)), "no node of this inventory"),
        (request("local-spot-1", ("10.90.0.10",)), "10.90.0.10, which is not the node's"),
        (request("local-spot-1", ("kubernetes.default",)), "kubernetes.default, which is not the node's"),
        (request("local-spot-1", ()), "names no address"),
        (request("local-spot-1", ("10.90.0.12",), common_name="system:node:local-control-1"), "its subject is"),
        (request("local-spot-1", ("10.90.0.12",), usages=("client auth",)), "usages client auth"),
        (request("local-spot-1", ("10.90.0.12",), user="mallory"), "no node of this inventory"),
        (request("local-spot-1", ("10.90.0.12",), groups=("system:authenticated",)), "no node of this inventory"),
    ],
)
def test_anything_else_is_left_to_people(asked: dict[str, Any], why: str) -> None:
    assert why in objection(asked, ADDRESSES)


def test_only_undecided_requests_for_serving_are_pending() -> None:
    open_one = request("a", ("a",))
    decided = {**request("b", ("b",)), "status": {"conditions": [{"type": "Denied", "status": "True"}]}}
    client = request("c", ("c",))
    client["spec"]["signerName"] = "kubernetes.io/kube-apiserver-client-kubelet"
    assert pending([open_one, decided, client]) == [open_one]


def test_an_approval_says_so() -> None:
    assert approval(request("a", ("a",)))["status"]["conditions"][0]["type"] == "Approved"
    assert node_of(request("a", ("a",))) == "a"
