"""Keys and known hosts."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine, Size
from ansible_collections.gantry.platform.plugins.module_utils.machines.ssh import Keys, answers

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")

ONE = Machine("e-a-1", "10.90.0.10", "a", "worker", "on_demand", Size(1, "1Gi"))
TWO = Machine("e-a-2", "10.90.0.11", "a", "worker", "on_demand", Size(1, "1Gi"))


def test_keys_are_made_once(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "ssh")
    assert keys.missing([ONE])
    keys.make([ONE])
    assert not keys.missing([ONE])
    before = keys.read(keys.client), keys.read(keys.host("e-a-1"))
    assert keys.missing([ONE, TWO])
    keys.make([ONE, TWO])
    assert (keys.read(keys.client), keys.read(keys.host("e-a-1"))) == before
    assert stat.S_IMODE(keys.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(keys.client.stat().st_mode) == 0o600


def test_known_hosts_has_every_machine_by_address(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.make([ONE, TWO])
    lines = keys.known_hosts.read_text().splitlines()
    assert [line.split(" ssh-ed25519 ")[0] for line in lines] == ["10.90.0.10,e-a-1", "10.90.0.11,e-a-2"]


def test_half_a_key_is_made_anew(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.make([ONE])
    keys.host("e-a-1.pub").unlink()
    assert keys.missing([ONE])
    keys.make([ONE])
    assert not keys.missing([ONE])


def test_a_forgotten_machine_has_no_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.make([ONE, TWO])
    keys.forget("e-a-2")
    assert keys.read(keys.host("e-a-2")) == ""
    keys.remove()
    assert not keys.directory.exists()


def test_an_address_where_nobody_listens_does_not_answer() -> None:
    assert not answers("127.255.255.254", timeout=0.2)
