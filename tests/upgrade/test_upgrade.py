"""Kubernetes is raised by a minor version under requests; interrupted on its way, it goes on at that node.

Minutes; only with ``-m slow`` (``make test-slow``), as root. Environment ``upgrade``.
"""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interruptions.killed import kill, run_until
from tests.plays import Environment

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
OURS = Environment("upgrade", (HERE / "inventory",))
STATE = Path("/var/lib/gantry/upgrade")
STAGES = "infrastructure,container_runtime,kubernetes,network,storage"
RAISED = ("-e", "platform_kubernetes_version=1.37.2")
SERVICE = "http://10.101.0.10:31080/hostname"


class Requests:
    """Asks the service again and again, as its customers would; ``failed`` says when, and how."""

    def __init__(self) -> None:
        self.answered, self.failed = 0, list[str]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._ended.wait(0.1):
            try:
                urllib.request.urlopen(SERVICE, timeout=5).close()
                self.answered += 1
            except OSError as error:
                self.failed.append(f"{time.strftime('%X')}: {error}")

    def __enter__(self) -> Requests:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def versions() -> dict[str, str]:
    """The kubelets' versions by node."""
    nodes = json.loads(OURS.kubectl("get", "nodes", "--output=json"))["items"]
    return {node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes}


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A cluster of the version before, with a service that answers."""
    OURS.play("destroy", "-e", "confirm=upgrade")
    try:
        assert OURS.play("site", "--tags", STAGES).code == 0
        image = OURS.image("docker.io/library/busybox")
        OURS.kubectl("apply", "-f", "-", stdin=(HERE / "service.yml").read_text().replace("IMAGE", image))
        OURS.kubectl("-n", "answers", "rollout", "status", "deployment/answers", "--timeout=60s")
        yield
    finally:
        OURS.play("destroy", "-e", "confirm=upgrade")


def test_site_names_the_play_for_another_version(cluster: None) -> None:
    assert set(versions().values()) == {"v1.36.3"}
    run = OURS.play("site", *RAISED)
    assert run.code != 0
    assert "upgrade node by node: ansible-playbook playbooks/upgrade.yml -i inventories/upgrade" in run.output


def test_the_plan_is_shown_and_nothing_done(cluster: None) -> None:
    run = OURS.play("upgrade", *RAISED, "--check", "--diff")
    assert run.code == 0
    assert "1.36.3 -> 1.37.2, control planes upgrade-control-1, then kubelets upgrade-control-1" in run.output
    assert set(versions().values()) == {"v1.36.3"}
    assert not (STATE / "upgrade.json").exists()


def test_a_cluster_is_raised_under_requests_and_goes_on_where_it_was_interrupted(cluster: None) -> None:
    with Requests() as requests:
        stop = ("kubernetes : Note that it is drained", 0.5)
        killed = run_until(*stop, kill, "playbooks/upgrade.yml", "-i", HERE / "inventory", *RAISED)
        assert killed.code == -signal.SIGKILL
        site = OURS.play("site", *RAISED)
        assert site.code != 0
        assert "an upgrade to 1.37.2 was interrupted" in site.output
        run = OURS.play("upgrade", *RAISED)
        assert run.code == 0
        assert "Going on: 1.36.3 -> 1.37.2, control planes (all done), then kubelets upgrade-control-1" in run.output
        time.sleep(5)
    print(f"{requests.answered} requests answered, failed: {requests.failed}")
    assert set(versions().values()) == {"v1.37.2"}
    nodes = json.loads(OURS.kubectl("get", "nodes", "--output=json"))["items"]
    assert [node["metadata"]["name"] for node in nodes if node["spec"].get("unschedulable")] == []
    assert json.loads(OURS.kubectl("version", "--output=json"))["serverVersion"]["gitVersion"] == "v1.37.2"
    assert (STATE / "snapshots/before-1.37.2.db").stat().st_mode & 0o777 == 0o600
    assert json.loads((STATE / "upgrade.json").read_text())["done"] is True
    assert requests.failed == []
    assert requests.answered > 100


def test_a_second_run_and_site_change_nothing(cluster: None) -> None:
    assert OURS.play("upgrade", *RAISED).changes == []
    site = OURS.play("site", *RAISED, "--tags", STAGES)
    assert (site.code, site.changes) == (0, [])


def test_there_is_no_way_back(cluster: None) -> None:
    run = OURS.play("upgrade")
    assert run.code != 0
    assert "is older than what runs (1.37.2)" in run.output
