"""A node is told apart by what lies on it."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import node
from cryptography.hazmat.primitives import hashes, serialization

from tests.unit.module_utils.kubernetes.certificate import certificate


def write(root: Path, path: str, content: str = "") -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(content)


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    """A worker that has joined."""
    for path in node.NEEDED:
        write(tmp_path, path)
    write(tmp_path, "/etc/kubernetes/pki/ca.crt", certificate()[0])
    node.write_record("done", "worker", tmp_path)
    return tmp_path


def test_an_empty_node_is_absent(tmp_path: Path) -> None:
    assert node.membership(tmp_path) == node.Membership("absent")


def test_a_record_alone_is_nothing_yet(tmp_path: Path) -> None:
    node.write_record("begun", "worker", tmp_path)
    assert node.membership(tmp_path).state == "absent"


def test_a_whole_one_has_joined(joined: Path) -> None:
    found = node.membership(joined)
    assert (found.state, found.role) == ("joined", "worker")
    assert found.ca.startswith("sha256:")


@pytest.mark.parametrize("path", node.NEEDED)
def test_one_that_lost_a_part_is_partial(joined: Path, path: str) -> None:
    (joined / path.lstrip("/")).unlink()
    assert node.membership(joined).state == "partial"


def test_one_where_kubeadm_did_not_end_is_partial(joined: Path) -> None:
    node.write_record("begun", "worker", joined)
    assert node.membership(joined).state == "partial"


def test_one_without_our_record_is_someone_elses(joined: Path) -> None:
    (joined / str(node.RECORD).lstrip("/")).unlink()
    assert node.membership(joined).state == "foreign"


def test_a_torn_record_is_none(tmp_path: Path) -> None:
    write(tmp_path, str(node.RECORD), "{")
    assert node.read_record(tmp_path) == {}


def test_the_hash_of_a_key_is_kubeadms() -> None:
    pem, key = certificate()
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    assert node.key_hash(pem) == f"sha256:{digest.finalize().hex()}"


def test_control_groups_are_found_by_looking(tmp_path: Path) -> None:
    assert node.cgroup_version(tmp_path) == 1
    write(tmp_path, "/sys/fs/cgroup/cgroup.controllers")
    assert node.cgroup_version(tmp_path) == 2


def test_memory_and_capabilities_are_read() -> None:
    assert node.memory_total("MemTotal:       24599888 kB\nMemFree: 1 kB\n") == 24599888 * 1024
    assert node.has_capability("Name:\tx\nCapEff:\t000001ffffffffff\n", node.CAP_SYS_RESOURCE)
    assert not node.has_capability("CapEff:\t000001fffeffffff\n", node.CAP_SYS_RESOURCE)
