"""What a machine is, seen from inside by SSH, after it came through every harm of side_effect.yml."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

testinfra_hosts = ["ansible://nodes"]

RECORD = {
    machine["name"]: machine
    for machine in json.loads(Path("/var/lib/gantry/mol-m/machines.json").read_text(encoding="utf-8"))["machines"]
}

BURN = """
import multiprocessing, pathlib, time
def used():
    v1, v2 = pathlib.Path("/sys/fs/cgroup/cpuacct/cpuacct.usage"), pathlib.Path("/sys/fs/cgroup/cpu.stat")
    return int(v1.read_text()) / 1e9 if v1.exists() else int(v2.read_text().split()[1]) / 1e6
def burn():
    while True: pass
loops = [multiprocessing.Process(target=burn, daemon=True) for _ in range(2)]
for loop in loops: loop.start()
time.sleep(0.5)
began, before = time.monotonic(), used()
time.sleep(3)
print((used() - before) / (time.monotonic() - began))
"""
"""Run in a machine: prints how many processors it had while two processes each wanted one."""


def unified_groups(name: str) -> tuple[str, ...]:
    """Where a machine's group is on a host of unified control groups: the machine sees only what lies below it."""
    return (
        f"/sys/fs/cgroup/gantry.slice/gantry-mol_m.slice/gantry-{name}.service",
        f"/sys/fs/cgroup/gantry-mol-m/{name}",
    )


@pytest.fixture
def declared(host: Any) -> dict[str, Any]:
    """The machine as recorded."""
    machine: dict[str, Any] = RECORD[host.backend.host]
    return machine


def test_its_system_is_running_with_no_failed_unit(host: Any) -> None:
    assert host.check_output("systemctl is-system-running") == "running"


def test_it_has_its_name_address_and_route(host: Any, declared: dict[str, Any]) -> None:
    assert host.check_output("hostname") == declared["name"]
    assert f"{declared['address']}/24" in host.check_output("ip -4 -o address show dev host0")
    assert "default via 10.89.0.1" in host.check_output("ip route")


def test_it_knows_every_machine_by_name(host: Any) -> None:
    for name, machine in RECORD.items():
        assert host.check_output(f"getent hosts {name}").split()[0] == machine["address"]


def test_it_reaches_every_other_machine(host: Any) -> None:
    for machine in RECORD.values():
        assert host.run(f"timeout 3 bash -c '</dev/tcp/{machine['address']}/22'").succeeded


def test_it_is_held_to_its_size(host: Any, declared: dict[str, Any]) -> None:
    v2 = [group for group in map(Path, unified_groups(declared["name"])) if group.exists()]
    quota, memory = (
        [(v2[0] / name).read_text(encoding="utf-8").split()[0] for name in ("cpu.max", "memory.max")]
        if v2
        else host.check_output(
            "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/memory/memory.limit_in_bytes"
        ).split()
    )
    assert int(quota) == declared["size"]["cpu"] * 100_000
    assert int(memory) == int(declared["size"]["memory"].removesuffix("Mi")) * 2**20


def test_more_processor_than_its_size_is_not_to_be_had(host: Any, declared: dict[str, Any]) -> None:
    """Two loops would take two processors; what the machine's group used meanwhile is within its size."""
    code = host.check_output(f"python3 -c {shlex.quote(BURN)}")
    assert float(code) <= declared["size"]["cpu"] * 1.2


def test_its_control_groups_are_its_own_and_writable(host: Any) -> None:
    for group in host.check_output("findmnt --noheadings --output=TARGET --types=cgroup,cgroup2").split():
        assert host.run(f"mkdir {group}/probe && rmdir {group}/probe").succeeded, group
    assert "gantry" not in host.check_output("cat /proc/1/cgroup")


def test_its_bpf_file_system_is_its_own(host: Any) -> None:
    mount = host.mount_point("/sys/fs/bpf")
    assert mount.exists
    assert mount.filesystem == "bpf"


@pytest.mark.parametrize("volume", ["containerd", "etcd", "gantry", "kubelet"])
def test_its_volumes_lie_outside_the_overlay(host: Any, volume: str) -> None:
    mount = host.mount_point(f"/var/lib/{volume}")
    assert mount.exists
    assert mount.filesystem != "overlay"


def test_overlays_can_be_mounted_in_its_volumes(host: Any) -> None:
    """As containerd does for every container."""
    directory = "/var/lib/containerd/probe"
    made = host.run(
        f"mkdir -p {directory}/l {directory}/u {directory}/w {directory}/m && cd {directory} && "
        "mount -t overlay o -o lowerdir=l,upperdir=u,workdir=w m && umount m"
    )
    host.run(f"rm -r {directory}")
    assert made.succeeded, made.stderr


def test_kernel_settings_can_be_written(host: Any) -> None:
    assert host.run("sysctl -w net.ipv4.ip_forward=1").succeeded


def test_the_one_setting_that_cannot_be_put_back_is_out_of_reach(host: Any) -> None:
    if host.file("/proc/sys/kernel/unprivileged_bpf_disabled").exists:
        assert host.run("sysctl -w kernel.unprivileged_bpf_disabled=1").failed


def test_nobody_enters_with_a_password(host: Any) -> None:
    assert "passwordauthentication no" in host.check_output("/usr/sbin/sshd -T")


def test_no_secret_of_the_environment_is_readable_by_others(host: Any) -> None:
    local = [path for path in Path("/var/lib/gantry/mol-m/ssh").rglob("*") if path.is_file() and not path.suffix]
    assert local
    assert Path("/var/lib/gantry/mol-m/ssh").stat().st_mode & 0o077 == 0
