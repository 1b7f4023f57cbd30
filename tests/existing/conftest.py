"""The cluster of somebody else that the platform comes to, and what it is asked."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plays import ROOT, Environment, Run

HERE = Path(__file__).parent
THERE = Environment("there", (HERE / "there",))
EXISTS = Environment("exists", (HERE / "inventory",))
DEV = Environment("dev", (ROOT / "inventories/dev", HERE / "aws"))
KINDS = (
    "namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,apiservices,storageclasses,"
    "persistentvolumes,validatingwebhookconfigurations,mutatingwebhookconfigurations,"
    "deployments,statefulsets,daemonsets,services,networkpolicies,secrets,configmaps,serviceaccounts"
)


THEIRS = ["undeclared: Release network.kube-system", "undeclared: Release storage.gantry-storage"]


def play(environment: Environment, name: str, *arguments: str) -> Run:
    """Run a play that must end well."""
    run = environment.play(name, *arguments)
    assert run.code == 0, f"{name} failed: see its output above"
    return run


def everything() -> set[str]:
    """What of lasting kinds there is, as ``kind/namespace/name``."""
    told = THERE.kubectl("get", KINDS, "--all-namespaces", "--output=json")
    return {
        "/".join((one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]))
        for one in json.loads(told)["items"]
    }


@pytest.fixture(scope="package")
def cluster() -> Iterator[None]:
    """Somebody's cluster: all that site makes up to its storage."""
    for environment in (EXISTS, DEV):
        shutil.rmtree(environment.directory, ignore_errors=True)  # of a cluster that is gone
    THERE.play("destroy", "-e", "confirm=there")
    try:
        play(THERE, "site", "--tags", "infrastructure,container_runtime,kubernetes,network,storage")
        yield
    finally:
        play(THERE, "destroy", "-e", "confirm=there")


def holds(environment: Environment) -> set[str]:
    """The rows that the last verify showed; every check of it must have held."""
    report = json.loads((environment.directory / "reports/verify.json").read_text())
    assert [one["id"] for one in report["checks"] if not one["ok"]] == []
    return {one["row"] for one in report["checks"]}


def came_and_went(environment: Environment, meanwhile: Callable[[], None]) -> None:
    """The platform comes to the cluster, is found unchanged, and leaves the cluster as it was."""
    before = everything()
    try:
        play(environment, "site")
        rows = holds(environment)
        assert rows >= {"K", "I", "J", "P", "O", "A", "2", "6", "8", "9", "11", "18", "19", "20", "21", "29"}
        again = play(environment, "site")
        assert {host: counts["changed"] for host, counts in again.stats.items()} == {"localhost": 0}
        drift = environment.play("drift")
        assert drift.code == 2  # of somebody else's there are two releases: their network and their storage
        assert re.findall(r'"(\w+: .+?)"', drift.output[drift.output.rindex("TASK [Tell]") :])[:3] == THEIRS
        meanwhile()
    finally:
        play(environment, "destroy", "-e", f"confirm={environment.name}")
    assert sorted(everything() - before) == []
    assert sorted(before - everything()) == []
