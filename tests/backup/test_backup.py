"""A cluster is backed up while it is written to, destroyed, and restored into a fresh environment.

Minutes; only with ``-m slow`` (``make test-slow``), as root. Environment ``backup``.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interruptions.killed import kill, run_until
from tests.plays import Environment

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
OURS = Environment("backup", (HERE / "inventory",))
STAGES = ("--tags", "infrastructure,container_runtime,kubernetes,network,storage")
CONFIRM = ("-e", "confirm=backup")
KEPT = ("namespaces", "secrets", "persistentvolumes", "persistentvolumeclaims", "statefulsets", "serviceaccounts")


def identities() -> dict[str, str]:
    """The uids of what lasts, of the namespace in question and of the cluster, by kind, namespace and name."""
    found: list[dict[str, Any]] = json.loads(OURS.kubectl("get", ",".join(KEPT), "-A", "--output=json"))["items"]
    return {
        "/".join((one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"])): one["metadata"]["uid"]
        for one in found
        if not one["metadata"]["name"].startswith("bootstrap-token-")
    }


def lines(pod: str) -> list[int]:
    """What a pod has written."""
    return [int(line) for line in OURS.kubectl("-n", "writes", "exec", pod, "--", "cat", "/data/lines").split()]


@pytest.fixture(scope="module")
def backups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster that is written to, and where its backups go."""
    OURS.play("destroy", *CONFIRM)
    try:
        assert OURS.play("site", *STAGES).code == 0
        image = OURS.image("docker.io/library/busybox")
        OURS.kubectl("apply", "-f", "-", stdin=(HERE / "writer.yml").read_text().replace("IMAGE", image))
        OURS.kubectl("-n", "writes", "rollout", "status", "statefulset/writer", "--timeout=120s")
        yield tmp_path_factory.mktemp("backups")
    finally:
        OURS.play("destroy", *CONFIRM)


def test_a_backup_is_restored_into_a_fresh_environment(backups: Path) -> None:
    time.sleep(5)
    before = {pod: lines(pod)[-1] for pod in ("writer-0", "writer-1")}
    there = identities()
    began = time.monotonic()
    assert OURS.play("backup", "-e", f"backup_root={backups}").code == 0
    took = time.monotonic() - began
    [backup] = backups.iterdir()
    files = json.loads((backup / "manifest.json").read_text())["files"]
    print(f"backup: {took:.0f} s, {sum(one['bytes'] for one in files) / 1e6:.1f} MB: {files}")
    assert {one["name"] for one in files} == {
        "etcd.db",
        "pki.tar.gz",
        "secrets.tar.gz",
        *(f"volumes-backup-{node}.tar.gz" for node in ("control-1", "general-1", "general-2")),
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in (backup, *backup.iterdir()))
    after = {pod: lines(pod) for pod in before}  # they go on writing

    refused = OURS.play("restore", "-e", f"backup={backup}", *CONFIRM, *STAGES)
    assert refused.code != 0
    assert "A backup is restored into a fresh one" in refused.output
    assert OURS.play("destroy", *CONFIRM).code == 0

    damaged = backup / "etcd.db"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    refused = OURS.play("restore", "-e", f"backup={backup}", *CONFIRM, *STAGES)
    assert refused.code != 0
    assert "etcd.db is not as it was written" in refused.output
    damaged.write_bytes(whole)

    restore = ("playbooks/restore.yml", "-i", HERE / "inventory", "-e", f"backup={backup}", *CONFIRM, *STAGES)
    killed = run_until("kubernetes : Start the cluster on its first control plane", 4.0, kill, *restore)
    assert killed.code == -signal.SIGKILL
    began = time.monotonic()
    assert OURS.play("restore", "-e", f"backup={backup}", *CONFIRM, *STAGES).code == 0
    print(f"restored in {time.monotonic() - began:.0f} s")
    OURS.kubectl("-n", "writes", "rollout", "status", "statefulset/writer", "--timeout=120s")
    now = identities()
    assert {name: uid for name, uid in there.items() if now.get(name) != uid} == {}
    token = OURS.kubectl("-n", "writes", "get", "secret", "token", "-o", "jsonpath={.data.token}")
    assert token == "b2YtdGhlLWJhY2t1cA=="  # which the key that encrypts secrets alone can read
    for pod, last in before.items():
        written = lines(pod)
        assert written[:last] == list(range(1, last + 1))
        assert after[pod][:last] == written[:last]


def test_a_second_restore_and_site_change_nothing(backups: Path) -> None:
    [backup] = backups.iterdir()
    again = OURS.play("restore", "-e", f"backup={backup}", *CONFIRM, *STAGES)
    assert (again.code, again.changes) == (0, [])
    site = OURS.play("site", *STAGES)
    assert (site.code, site.changes) == (0, [])
