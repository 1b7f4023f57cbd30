"""kubeadm runs where it must, and says why it failed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import kubeadm
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import Membership

PREFLIGHT = """\
[preflight] Running pre-flight checks
E1123 01:25:19.971359     388 remote_image.go:334] "PullImage from image service failed" err="not found"
[preflight] Some fatal errors occurred:
\t[ERROR ImagePull]: failed to pull image registry.k8s.io/kube-proxy:v1.37.2: not found
error: error execution phase preflight: preflight checks failed
"""


@pytest.mark.parametrize(
    ("found", "ca", "must"),
    [
        (Membership("absent"), "", True),
        (Membership("partial"), "", True),
        (Membership("joined", "worker", "sha256:a"), "", False),
        (Membership("joined", "worker", "sha256:a"), "sha256:a", False),
        (Membership("joined", "worker", "sha256:a"), "sha256:b", True),
    ],
)
def test_it_runs_where_the_node_is_no_part_of_this_cluster(found: Membership, ca: str, must: bool) -> None:
    assert kubeadm.must_run(found, ca) is must


def test_it_never_touches_someone_elses() -> None:
    with pytest.raises(kubeadm.KubeadmError, match="did not make"):
        kubeadm.must_run(Membership("foreign"), "")


def test_the_reason_is_the_failed_check() -> None:
    assert kubeadm.reason(PREFLIGHT) == (
        "[ERROR ImagePull]: failed to pull image registry.k8s.io/kube-proxy:v1.37.2: not found"
    )


def test_or_else_the_error_or_the_last_words() -> None:
    assert kubeadm.reason("[a] b\nerror: timed out\n") == "error: timed out"
    assert kubeadm.reason("one\n\ntwo\n") == "one\ntwo"


def test_the_kubelets_complaints_are_its_last_distinct_errors() -> None:
    journal = 'I1123 x\nE1123 01:27:28.875387     585 run.go:72] "failed" err="x"\n'
    assert kubeadm.complaints(journal * 3) == 'run.go:72] "failed" err="x"'


def test_a_missing_kubeadm_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(kubeadm.KubeadmError, match="not installed"):
        kubeadm.run(["version"], 5)


def test_one_that_is_still_at_work_is_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    order: list[str] = []
    entered = threading.Event()

    def first() -> None:
        with kubeadm.alone(lock):
            entered.set()
            time.sleep(0.2)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    entered.wait()
    with kubeadm.alone(lock, pause=0.05):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_but_not_for_ever(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with (
        kubeadm.alone(lock),
        pytest.raises(kubeadm.KubeadmError, match="another kubeadm"),
        kubeadm.alone(lock, seconds=0.1, pause=0.05),
    ):
        pass


def test_the_start_of_a_process_is_the_kernels(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu 1 2\nbtime 1700000000\nprocesses 3\n")
    for pid, name, ticks in (("1", "kube-apiserver", 500), ("2", "a (b) c", 900)):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "stat").write_text(f"{pid} ({name}) S {' '.join('0' for _ in range(18))} {ticks} 0\n")
    assert kubeadm.started_at("kube-apiserver", tmp_path) == [1700000000 + 500 / os.sysconf("SC_CLK_TCK")]


def test_static_pods_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "etcd.yaml").write_text("kind: Pod\n")
    assert kubeadm.manifests(tmp_path) == {"etcd": "kind: Pod\n"}
