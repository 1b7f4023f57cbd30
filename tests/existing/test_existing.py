"""The platform on a cluster that runs already: raised there, found unchanged, and taken away without a trace.

Minutes; only with ``-m slow`` (``make test-slow``), as root. Environments ``there`` (the cluster) and ``exists``.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plays import ROOT, Run, run_play

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
THERE, EXISTS = HERE / "there", HERE / "inventory"


def play(inventory: Path, name: str, *arguments: str) -> Run:
    """Run a play that must end well."""
    run = run_play([inventory], f"playbooks/{name}.yml", *arguments)
    assert run.code == 0, f"{name} failed: see its output above"
    return run


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """Somebody's cluster: all that site makes up to its storage. Its kubeconfig."""
    for inventory, name in ((EXISTS, "exists"), (THERE, "there")):
        run_play([inventory], "playbooks/destroy.yml", "-e", f"confirm={name}")
    try:
        play(THERE, "site", "--tags", "infrastructure,container_runtime,kubernetes,network,storage")
        yield ROOT / ".platform/there/kubeconfig"
    finally:
        play(THERE, "destroy", "-e", "confirm=there")


def everything(kubeconfig: Path) -> set[str]:
    """What of lasting kinds there is, as ``kind/namespace/name``."""
    kubectl = json.loads((ROOT / ".platform/there/bundle.json").read_text())["binaries"]["kubectl"]
    kinds = (
        "namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,apiservices,storageclasses,"
        "persistentvolumes,validatingwebhookconfigurations,mutatingwebhookconfigurations,"
        "deployments,statefulsets,daemonsets,services,networkpolicies,secrets,configmaps,serviceaccounts"
    )
    command = [kubectl, f"--kubeconfig={kubeconfig}", "get", kinds, "--all-namespaces", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {
        "/".join((one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]))
        for one in json.loads(done.stdout)["items"]
    }


def test_the_platform_comes_to_a_cluster_and_leaves_it_as_it_was(cluster: Path) -> None:
    before = everything(cluster)
    try:
        play(EXISTS, "site")
        report = json.loads((ROOT / ".platform/exists/reports/verify.json").read_text())
        assert [one["id"] for one in report["checks"] if not one["ok"]] == []
        rows = {one["row"] for one in report["checks"]}
        assert rows >= {"K", "I", "J", "P", "O", "A", "2", "6", "8", "9", "11", "18", "19", "20", "21", "29"}
        again = play(EXISTS, "site")
        assert {host: counts["changed"] for host, counts in again.stats.items()} == {"localhost": 0}
    finally:
        play(EXISTS, "destroy", "-e", "confirm=exists")
    assert sorted(everything(cluster) - before) == []
    assert sorted(before - everything(cluster)) == []
