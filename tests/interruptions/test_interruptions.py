"""One raising that is killed again and again from the bundle to verify, and harmed; the last run finishes it.

A quarter of an hour; only with ``-m slow`` (``make test-slow``), as root. Environment ``e2e``.
"""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import difference, snapshot

from tests.interruptions.killed import kill, run_until
from tests.plays import ROOT, run_play

pytestmark = pytest.mark.slow

INVENTORY = ROOT / "tests/e2e/inventory"
STATE = Path("/var/lib/gantry/e2e")
SITE = ("playbooks/site.yml", "-i", INVENTORY)
DESTROY = ("playbooks/destroy.yml", "-i", INVENTORY, "-e", "confirm=e2e")

KILLS = (
    ("bundle : The bundle is present", 0.3),
    ("machines : Machines are present", 2.0),
    ("registry : The bundle's registry is present", 0.1),
    ("container_runtime : Install and configure containerd", 1.0),
    ("kubernetes : Start the cluster on its first control plane", 8.0),
    ("kubernetes : Join workers", 2.0),
    ("network : Apply Cilium", 8.0),
    ("opa : Gatekeeper and the policies", 6.0),
    ("istio : The mesh", 3.0),
    ("data : The shop's stores", 5.0),
    ("argocd : Wait until every application is synced and healthy", 20.0),
    ("istio : What must hold of the mesh", 0.2),
)
"""In which task, how many seconds after it began, the run is killed."""
KILLS_OF_DESTROY = (
    ("registry : The bundle's registry is absent", 0.05),
    ("machines : Machines are absent", 1.0),
    ("Remove what was recorded", 0.05),
)


@pytest.fixture(scope="module")
def before() -> Iterator[Any]:
    """The host as it was, after clearing what an earlier run may have left."""
    run_play([INVENTORY], "playbooks/destroy.yml", "-e", "confirm=e2e")
    yield snapshot()
    run_play([INVENTORY], "playbooks/destroy.yml", "-e", "confirm=e2e")


def failing() -> list[str]:
    report = json.loads((ROOT / ".platform/e2e/reports/verify.json").read_text())
    return [one["id"] for one in report["checks"] if not one["ok"]]


def lose_the_registry(_: int) -> None:
    os.kill(int((STATE / "registry/registry.pid").read_text()), signal.SIGKILL)


def lose_a_machine(_: int) -> None:
    """SIGKILL all that runs in the worker that joins, as a loss of its power would."""
    ours = re.compile(r"/gantry-e2e(\.slice)?/.*e2e-general-1")
    for path in Path("/sys/fs/cgroup").rglob("cgroup.procs"):
        if ours.search(str(path)):
            for one in path.read_text().split():
                with suppress(ProcessLookupError):
                    os.kill(int(one), signal.SIGKILL)


@pytest.mark.parametrize(("task", "seconds"), KILLS[:5], ids=lambda value: str(value).partition(" : ")[0])
def test_a_raising_is_killed(before: Any, task: str, seconds: float) -> None:
    assert run_until(task, seconds, kill, *SITE).code == -signal.SIGKILL


def test_a_machine_is_lost_while_it_joins(before: Any) -> None:
    run = run_until("kubernetes : Join workers", 2.0, lose_a_machine, *SITE)
    assert run.code > 0
    assert "e2e-general-1" in run.output[run.output.rindex("fatal: ") :]


@pytest.mark.parametrize(("task", "seconds"), KILLS[5:], ids=lambda value: str(value).partition(" : ")[0])
def test_the_raising_is_killed_further_on(before: Any, task: str, seconds: float) -> None:
    assert run_until(task, seconds, kill, *SITE).code == -signal.SIGKILL


def test_the_registry_is_lost_while_pods_need_images(before: Any) -> None:
    run = run_until("prometheus : Prometheus, Alertmanager", 0.5, lose_the_registry, *SITE)
    assert run.code > 0
    told = run.output[run.output.rindex("fatal: ") :]
    assert "10.90" in told or "registry" in told
    assert "connection refused" in told


def test_the_last_run_finishes(before: Any) -> None:
    assert run_play([INVENTORY], "playbooks/site.yml").code == 0
    assert failing() == []


def test_nothing_is_left_half_made(before: Any) -> None:
    again = run_play([INVENTORY], "playbooks/site.yml")
    assert again.code == 0
    assert again.changes == []


@pytest.mark.parametrize(("task", "seconds"), KILLS_OF_DESTROY, ids=lambda value: str(value).partition(" : ")[0])
def test_destroying_is_killed(before: Any, task: str, seconds: float) -> None:
    assert run_until(task, seconds, kill, *DESTROY).code == -signal.SIGKILL


def test_the_last_destroy_leaves_the_host_as_before(before: Any) -> None:
    assert run_play([INVENTORY], *map(str, DESTROY[:1] + DESTROY[3:])).code == 0
    assert not STATE.exists()
    changes = difference(before, snapshot())
    if not changes.get("ports", {}).get("new"):
        changes.pop("ports", None)  # other programs of this host may have closed some
    assert changes == {}
