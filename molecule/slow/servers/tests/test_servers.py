"""The nodes that two servers became, seen from them and through the API."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

testinfra_hosts = ["ansible://servers"]

RESULTS = Path("/var/lib/gantry/mol-s/results")
SYSTEMS = {"mol-x-trixie-1": "Debian GNU/Linux 13 (trixie)", "mol-x-bookworm-1": "Debian GNU/Linux 12 (bookworm)"}


@pytest.fixture(scope="module")
def nodes() -> dict[str, dict[str, Any]]:
    """The node objects by name."""
    kubectl = json.loads((RESULTS / "bundle.json").read_text(encoding="utf-8"))["binaries"]["kubectl"]
    command = [kubectl, "--kubeconfig", str(RESULTS / "kubeconfig"), "get", "nodes", "-o", "json"]
    listed = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    return {node["metadata"]["name"]: node for node in listed["items"]}


def as_root(host: Any) -> contextlib.AbstractContextManager[Any]:
    """Root's commands: one of the servers is entered as root already, and has no sudo."""
    sudo: contextlib.AbstractContextManager[Any] = host.sudo()
    return sudo if host.backend.host == "mol-x-trixie-1" else contextlib.nullcontext()


def test_every_server_is_a_node_and_ready(nodes: dict[str, dict[str, Any]]) -> None:
    assert set(nodes) == set(SYSTEMS)
    for node in nodes.values():
        assert {c["type"]: c["status"] for c in node["status"]["conditions"]}["Ready"] == "True"


def test_its_system_is_its_own(host: Any, nodes: dict[str, dict[str, Any]]) -> None:
    assert nodes[host.backend.host]["status"]["nodeInfo"]["osImage"] == SYSTEMS[host.backend.host]


def test_its_role_is_its_pools(nodes: dict[str, dict[str, Any]]) -> None:
    planes = {
        name for name, node in nodes.items() if "node-role.kubernetes.io/control-plane" in node["metadata"]["labels"]
    }
    assert planes == {"mol-x-trixie-1"}
    assert nodes["mol-x-bookworm-1"]["metadata"]["labels"]["tier"] == "work"


def test_what_came_is_recorded(host: Any) -> None:
    with as_root(host):
        added = host.file("/var/lib/gantry/packages/added").content_string.split()
        record = json.loads(host.file("/var/lib/gantry/server.json").content_string)
    assert "runc" in added
    assert ("python3" in added) == (host.backend.host == "mol-x-trixie-1")
    assert record["environment"] == "mol-s"
    assert record["settings"]["net.ipv4.ip_forward"] == "0"


def test_containers_run_there(host: Any) -> None:
    with as_root(host):
        assert "running" in host.check_output("systemctl show -P SubState containerd kubelet")
        assert host.check_output("ctr --namespace k8s.io containers list --quiet")
