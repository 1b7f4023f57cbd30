"""The host, as far as it can be looked at by anybody."""

from __future__ import annotations

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines import host


def test_a_difference_says_what_is_gone_and_what_is_new() -> None:
    before = {"links": ["eth0", "gt-a"], "sysctls": {"a": "1", "b": "2"}, "mounts": []}
    after = {"links": ["eth0", "gt-b"], "sysctls": {"a": "1", "b": "3", "of.a.module": "0"}, "mounts": []}
    assert host.difference(before, after) == {
        "links": {"gone": ["gt-a"], "new": ["gt-b"]},
        "sysctls": {"gone": ["b=2"], "new": ["b=3"]},
    }
    assert host.difference(before, before) == {}


def test_packages_are_missing_with_their_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = {"nft", "ssh", "ssh-keygen"}
    monkeypatch.setattr("shutil.which", lambda name, path=None: None if name in lacking else name)
    assert host.missing_packages() == ["nftables", "openssh-client"]


def test_the_capacity_is_what_the_kernel_says() -> None:
    assert host.capacity()["cpu"] >= 1
    assert host.capacity()["memory"] > 2**28


def test_mounts_are_read_from_the_kernel() -> None:
    assert any(mount.target == "/" for mount in host.mounts())


@pytest.mark.parametrize("name", ["kernel.random.entropy_avail", "net.ipv4.conf.gt-local.rp_filter", "fs.file-nr"])
def test_settings_that_change_by_themselves_are_left_out_of_snapshots(name: str) -> None:
    assert host._VOLATILE_SYSCTLS.match(name)


@pytest.mark.parametrize("name", ["kernel.randomize_va_space", "net.ipv4.ip_forward", "vm.overcommit_memory"])
def test_other_settings_are_compared(name: str) -> None:
    assert not host._VOLATILE_SYSCTLS.match(name)
