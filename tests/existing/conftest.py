"""The cluster of somebody else that the platform comes to, and what it is asked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plays import ROOT, Run, run_play

HERE = Path(__file__).parent
THERE = [HERE / "there"]
EXISTS = [HERE / "inventory"]
DEV = [ROOT / "inventories/dev", HERE / "aws"]
KINDS = (
    "namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,apiservices,storageclasses,"
    "persistentvolumes,validatingwebhookconfigurations,mutatingwebhookconfigurations,"
    "deployments,statefulsets,daemonsets,services,networkpolicies,secrets,configmaps,serviceaccounts"
)


THEIRS = ["undeclared: Release network.kube-system", "undeclared: Release storage.gantry-storage"]


def play(inventories: list[Path], name: str, *arguments: str) -> Run:
    """Run a play that must end well."""
    run = run_play(inventories, f"playbooks/{name}.yml", *arguments)
    assert run.code == 0, f"{name} failed: see its output above"
    return run


def everything(kubeconfig: Path) -> set[str]:
    """What of lasting kinds there is, as ``kind/namespace/name``."""
    kubectl = json.loads((ROOT / ".platform/there/bundle.json").read_text())["binaries"]["kubectl"]
    command = [kubectl, f"--kubeconfig={kubeconfig}", "get", KINDS, "--all-namespaces", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {
        "/".join((one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]))
        for one in json.loads(done.stdout)["items"]
    }


@pytest.fixture(scope="package")
def cluster() -> Iterator[Path]:
    """Somebody's cluster: all that site makes up to its storage. Its kubeconfig."""
    shutil.rmtree(ROOT / ".platform/exists", ignore_errors=True)  # of a cluster that is gone
    shutil.rmtree(ROOT / ".platform/dev", ignore_errors=True)
    run_play(THERE, "playbooks/destroy.yml", "-e", "confirm=there")
    try:
        play(THERE, "site", "--tags", "infrastructure,container_runtime,kubernetes,network,storage")
        yield ROOT / ".platform/there/kubeconfig"
    finally:
        play(THERE, "destroy", "-e", "confirm=there")


def holds(environment: str) -> set[str]:
    """The rows that the last verify showed; every check of it must have held."""
    report = json.loads((ROOT / f".platform/{environment}/reports/verify.json").read_text())
    assert [one["id"] for one in report["checks"] if not one["ok"]] == []
    return {one["row"] for one in report["checks"]}


def came_and_went(inventories: list[Path], environment: str, kubeconfig: Path, meanwhile: Callable[[], None]) -> None:
    """The platform comes to the cluster, is found unchanged, and leaves the cluster as it was."""
    before = everything(kubeconfig)
    try:
        play(inventories, "site")
        rows = holds(environment)
        assert rows >= {"K", "I", "J", "P", "O", "A", "2", "6", "8", "9", "11", "18", "19", "20", "21", "29"}
        again = play(inventories, "site")
        assert {host: counts["changed"] for host, counts in again.stats.items()} == {"localhost": 0}
        drift = run_play(inventories, "playbooks/drift.yml")
        assert drift.code == 2  # of somebody else's there are two releases: their network and their storage
        assert re.findall(r'"(\w+: .+?)"', drift.output[drift.output.rindex("TASK [Tell]") :])[:3] == THEIRS
        meanwhile()
    finally:
        play(inventories, "destroy", "-e", f"confirm={environment}")
    assert sorted(everything(kubeconfig) - before) == []
    assert sorted(before - everything(kubeconfig)) == []
