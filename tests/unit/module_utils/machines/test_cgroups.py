"""Control groups of every kind of host; the real ones are shown by the scenario machines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines import cgroups
from ansible_collections.gantry.platform.plugins.module_utils.machines.cgroups import (
    V1,
    V2,
    Delegated,
    Start,
    clear_tree,
    find_cgroups,
    v1_limits,
    v2_limits,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import Mount
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Size

SIZE = Size(0.5, "256Mi")
HYBRID = [
    Mount("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cgroup", ("rw", "cpu", "cpuacct")),
    Mount("/sys/fs/cgroup/memory", "cgroup", "cgroup", ("rw", "memory")),
    Mount("/sys/fs/cgroup/systemd", "cgroup", "cgroup", ("rw", "name=systemd")),
    Mount("/sys/fs/cgroup/unified", "cgroup2", "cgroup2", ("rw",)),
]


def test_limits_are_the_size() -> None:
    assert v1_limits(SIZE) == {
        "cpu.cfs_period_us": "100000",
        "cpu.cfs_quota_us": "50000",
        "memory.limit_in_bytes": str(256 * 2**20),
    }
    assert v2_limits(Size(2, "1G")) == {
        "cpu.max": "200000 100000",
        "memory.max": str(10**9 // 4096 * 4096),
        "memory.swap.max": "0",
    }


def test_a_hybrid_host_gets_a_group_in_every_hierarchy() -> None:
    found = find_cgroups("e", HYBRID)
    assert isinstance(found, V1)
    assert [path.name for path in found.hierarchies] == ["cpu,cpuacct", "memory", "systemd", "unified"]


@pytest.mark.parametrize(("systemd", "kind"), [(True, Delegated), (False, V2)])
def test_a_unified_host_is_asked_for_its_owner(
    systemd: bool, kind: type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    monkeypatch.setattr(cgroups, "has_systemd", lambda: systemd)
    assert isinstance(find_cgroups("e", [Mount(str(tmp_path), "cgroup2", "cgroup2", ("rw",))]), kind)


def test_a_host_that_cannot_limit_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io pids\n")
    with pytest.raises(MachinesError, match="boot the host with cgroup_enable=memory"):
        find_cgroups("e", [Mount(str(tmp_path), "cgroup2", "cgroup2", ("rw",))])


def test_a_host_without_control_groups_is_refused() -> None:
    with pytest.raises(MachinesError, match="mount cgroup2"):
        find_cgroups("e", [])


def test_starting_enters_every_group_first(tmp_path: Path) -> None:
    groups = [tmp_path / "one", tmp_path / "two"]
    for group in groups:
        group.mkdir()
    start = Start("e-a-1", SIZE, ["printenv", "COLOUR"], {"COLOUR": "green"}, tmp_path / "log")
    assert subprocess.run(start.inside(groups), capture_output=True, text=True, check=True).stdout == "green\n"
    assert [(group / "cgroup.procs").read_text() for group in groups] == ["0\n", "0\n"]


def test_a_group_that_cannot_be_entered_stops_the_start(tmp_path: Path) -> None:
    start = Start("e-a-1", SIZE, ["echo", "started"], {}, tmp_path / "log")
    done = subprocess.run(start.inside([tmp_path / "missing"]), capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "started" not in done.stdout


def test_under_systemd_a_machine_is_a_service_of_its_size(tmp_path: Path) -> None:
    command = Delegated("my-env", tmp_path).command(Start("my-env-a-1", SIZE, ["boot"], {"A": "1"}, tmp_path / "log"))
    assert command[0] == "systemd-run"
    assert command[-1] == "boot"
    assert {
        "--unit=gantry-my-env-a-1.service",
        "--slice=gantry-my_env.slice",
        "--property=Delegate=yes",
        "--property=CPUQuota=50%",
        f"--property=MemoryMax={256 * 2**20}",
        "--property=MemorySwapMax=0",
        "--setenv=A=1",
    } <= set(command)


def test_limits_are_written_where_the_controller_is_and_compared_there(tmp_path: Path) -> None:
    v1 = V1("e", (tmp_path / "cpu", tmp_path / "memory"))
    for name in v1_limits(SIZE):
        file = tmp_path / name.split(".")[0] / "gantry-e/e-a-1" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("-1\n")
    assert not v1.fits("e-a-1", SIZE)
    v1.limit("e-a-1", SIZE)
    assert v1.fits("e-a-1", SIZE)
    assert not v1.fits("e-a-1", Size(1, "256Mi"))


def test_a_tree_is_removed_from_the_bottom(tmp_path: Path) -> None:
    (tmp_path / "top/a/b").mkdir(parents=True)
    clear_tree(tmp_path / "top")
    assert not (tmp_path / "top").exists()
    clear_tree(tmp_path / "top")


def test_a_tree_that_stays_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    (tmp_path / "top/file").touch()
    with pytest.raises(MachinesError, match=r"still in use after 0 s: .*top"):
        clear_tree(tmp_path / "top", patience=0.2)
