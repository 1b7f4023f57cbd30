"""The machines' control groups, on every kind of host.

V1: a hierarchy a controller, with or without a unified one beside them (hybrid). V2: the unified hierarchy alone, ours
to use. Delegated: the unified hierarchy on a host whose systemd owns it; there each machine is a transient service with
delegation. All three give a machine its own group `gantry-<environment>/<machine>` (or a service of that meaning),
enforce its size and are cleared bottom-up.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError, run
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import Mount, has_systemd
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Size

PERIOD = 100_000
"""Microseconds over which a machine's share of the processors is counted."""

# Moves itself into each cgroup named before "--", then becomes the command after it.
_ENTER = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 1; shift; done; shift; exec "$@"'


@dataclass(frozen=True)
class Start:
    """How a machine is started: the command, its environment, and the file for what it prints."""

    machine: str
    size: Size
    argv: Sequence[str]
    environment: Mapping[str, str]
    log: Path

    def inside(self, groups: Sequence[Path]) -> list[str]:
        """The command line that enters these groups first."""
        files = [str(group / "cgroup.procs") for group in groups]
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return ["/bin/sh", "-c", _ENTER, "machine", *files, "--", "/usr/bin/env", *variables, *self.argv]


class Cgroups(Protocol):
    """What a kind of host can do for machines."""

    def prepare(self, machine: str, size: Size) -> None:
        """Make the machine's groups, empty of stale ones, with its limits."""

    def command(self, start: Start) -> list[str]:
        """The command line that starts a machine inside its groups."""

    def fits(self, machine: str, size: Size) -> bool:
        """Whether the machine's groups hold it to that size now."""

    def limit(self, machine: str, size: Size) -> None:
        """Hold the machine to that size."""

    def clear(self, machine: str | None) -> None:
        """Kill what is left in the machine's groups (of all machines: None) and remove them bottom-up."""

    def left(self) -> bool:
        """Whether the environment has any group on this host."""

    def settings(self) -> dict[str, str]:
        """Settings of the host's that machines change, as they are."""

    def put_back(self, settings: Mapping[str, str]) -> None:
        """Put back what settings() gave."""


def find_cgroups(environment: str, mounted: Sequence[Mount]) -> Cgroups:
    """Choose by what is mounted and by who is process 1.

    Raises MachinesError if no control groups are mounted, or they cannot hold a machine to its size.
    """
    controllers = [mount for mount in mounted if mount.type == "cgroup"]
    unified = [mount for mount in mounted if mount.type == "cgroup2"]
    if controllers:
        require({option for mount in controllers for option in mount.options})
        return V1(environment, tuple(dict.fromkeys(Path(mount.target) for mount in controllers + unified)))
    if not unified:
        raise MachinesError("no control groups are mounted on this host: mount cgroup2 at /sys/fs/cgroup")
    root = Path(unified[0].target)
    require(set((root / "cgroup.controllers").read_text(encoding="utf-8").split()))
    return Delegated(environment, root) if has_systemd() else V2(environment, root)


def require(controllers: Collection[str]) -> None:
    """Raise MachinesError if a controller that holds machines to their sizes is missing."""
    missing = [name for name in ("cpu", "memory") if name not in controllers]
    if missing:
        raise MachinesError(
            f"this host's control groups have no controller for {' and '.join(missing)}, so machines cannot be held to "
            f"their sizes: boot the host with {' '.join(f'cgroup_enable={name}' for name in missing)}"
        )


def _tree(top: Path) -> Iterator[Path]:
    """The directories of a cgroup tree, deepest first."""
    for directory, _, _ in os.walk(top, topdown=False):
        yield Path(directory)


def clear_tree(top: Path, patience: float = 10.0) -> None:
    """Kill what runs in a cgroup tree, remove it bottom-up; raise MachinesError if it takes over patience seconds."""
    deadline = time.monotonic() + patience
    while top.is_dir():
        busy = []
        for directory in _tree(top):
            try:
                _kill_members(directory)
                directory.rmdir()
            except FileNotFoundError:
                continue
            except OSError as error:
                busy.append(f"{directory}: {error.strerror}")
        if busy:
            if time.monotonic() > deadline:
                raise MachinesError(f"control groups are still in use after {patience:.0f} s: {'; '.join(busy[:3])}")
            time.sleep(0.1)


def _kill_members(group: Path) -> None:
    members = group / "cgroup.procs"
    for pid in members.read_text(encoding="utf-8").split() if members.exists() else ():
        with contextlib.suppress(ProcessLookupError):
            # 0 stands for a process of another namespace, and would be this one's whole group.
            if int(pid) > 0:
                os.kill(int(pid), signal.SIGKILL)


def _make(directory: Path) -> None:
    """Make a v1 group; in the hierarchy of processor sets, fill it from its parent and have its children filled."""
    directory.mkdir(exist_ok=True)
    if (directory / "cpuset.cpus").exists():
        (directory / "cgroup.clone_children").write_text("1", encoding="utf-8")
        for name in ("cpuset.cpus", "cpuset.mems"):
            if not (directory / name).read_text(encoding="utf-8").strip():
                (directory / name).write_text((directory.parent / name).read_text(encoding="utf-8"), encoding="utf-8")


def v1_limits(size: Size) -> dict[str, str]:
    """The files of a v1 group that hold a machine to its size, in the order to write them."""
    return {
        "cpu.cfs_period_us": str(PERIOD),
        "cpu.cfs_quota_us": str(int(size.cpu * PERIOD)),
        "memory.limit_in_bytes": str(_pages(size.memory_bytes)),
    }


def v2_limits(size: Size) -> dict[str, str]:
    """The files of a v2 group that hold a machine to its size; the host's swap would be memory beyond it."""
    return {
        "cpu.max": f"{int(size.cpu * PERIOD)} {PERIOD}",
        "memory.max": str(_pages(size.memory_bytes)),
        "memory.swap.max": "0",
    }


def _pages(memory: int) -> int:
    """Bytes rounded down to whole pages, as the kernel keeps them."""
    page = os.sysconf("SC_PAGE_SIZE")
    return memory // page * page


def _hold(directories: Sequence[Path], limits: Mapping[str, str]) -> None:
    for name, value in limits.items():
        for directory in directories:
            if (directory / name).exists():
                (directory / name).write_text(value, encoding="utf-8")


def _held(directories: Sequence[Path], limits: Mapping[str, str]) -> bool:
    files = [
        (directory / name, value)
        for name, value in limits.items()
        for directory in directories
        if (directory / name).exists()
    ]
    return bool(files) and all(file.read_text(encoding="utf-8").strip() == value for file, value in files)


@dataclass(frozen=True)
class V1:
    """A hierarchy a controller, a named one for systemd, and perhaps a unified one."""

    environment: str
    hierarchies: tuple[Path, ...]

    def _groups(self, machine: str | None = None) -> list[Path]:
        return [hierarchy / f"gantry-{self.environment}" / (machine or "") for hierarchy in self.hierarchies]

    def prepare(self, machine: str, size: Size) -> None:
        """See Cgroups."""
        self.clear(machine)
        for group in self._groups(machine):
            _make(group.parent)
            _make(group)
        self.limit(machine, size)

    def command(self, start: Start) -> list[str]:
        """See Cgroups."""
        return start.inside(self._groups(start.machine))

    def fits(self, machine: str, size: Size) -> bool:
        """See Cgroups."""
        return _held(self._groups(machine), v1_limits(size))

    def limit(self, machine: str, size: Size) -> None:
        """See Cgroups."""
        _hold(self._groups(machine), v1_limits(size))

    def clear(self, machine: str | None) -> None:
        """See Cgroups."""
        for group in self._groups(machine):
            clear_tree(group)

    def left(self) -> bool:
        """See Cgroups."""
        return any(group.exists() for group in self._groups())

    def settings(self) -> dict[str, str]:
        """See Cgroups: none are changed."""
        return {}

    def put_back(self, settings: Mapping[str, str]) -> None:
        """See Cgroups."""


@dataclass(frozen=True)
class V2:
    """The unified hierarchy of a host without systemd."""

    environment: str
    root: Path

    _controllers = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")

    @property
    def _top(self) -> Path:
        return self.root / f"gantry-{self.environment}"

    def _delegate(self, group: Path) -> None:
        here = (group / "cgroup.controllers").read_text(encoding="utf-8").split()
        wanted = " ".join(f"+{name}" for name in self._controllers if name in here)
        try:
            (group / "cgroup.subtree_control").write_text(wanted, encoding="utf-8")
        except OSError as error:
            raise MachinesError(
                f"{group}/cgroup.subtree_control does not take {wanted!r} ({error.strerror}): "
                "move the processes of that group into a group of their own first"
            ) from error

    def prepare(self, machine: str, size: Size) -> None:
        """See Cgroups."""
        self.clear(machine)
        self._delegate(self.root)
        self._top.mkdir(exist_ok=True)
        self._delegate(self._top)
        (self._top / machine).mkdir(exist_ok=True)
        self.limit(machine, size)

    def command(self, start: Start) -> list[str]:
        """See Cgroups."""
        return start.inside([self._top / start.machine])

    def fits(self, machine: str, size: Size) -> bool:
        """See Cgroups."""
        return _held([self._top / machine], v2_limits(size))

    def limit(self, machine: str, size: Size) -> None:
        """See Cgroups."""
        _hold([self._top / machine], v2_limits(size))

    def clear(self, machine: str | None) -> None:
        """See Cgroups."""
        clear_tree(self._top / machine if machine else self._top)

    def left(self) -> bool:
        """See Cgroups."""
        return self._top.exists()

    def settings(self) -> dict[str, str]:
        """See Cgroups: the controllers that the root gives on."""
        return {"subtree_control": (self.root / "cgroup.subtree_control").read_text(encoding="utf-8").strip()}

    def put_back(self, settings: Mapping[str, str]) -> None:
        """See Cgroups; a controller that others came to use stays."""
        given = set(self.settings()["subtree_control"].split()) - set(settings["subtree_control"].split())
        for name in given:
            with contextlib.suppress(OSError):
                (self.root / "cgroup.subtree_control").write_text(f"-{name}", encoding="utf-8")


@dataclass(frozen=True)
class Delegated:
    """The unified hierarchy of a host whose systemd owns it: a machine is a transient service with delegation."""

    environment: str
    root: Path

    @property
    def _slice(self) -> str:
        # A dash in a slice's name nests it, so the environment's own dashes are written as underscores.
        return f"gantry-{self.environment.replace('-', '_')}.slice"

    def _group(self, machine: str) -> Path:
        return self.root / "gantry.slice" / self._slice / f"gantry-{machine}.service"

    def _properties(self, size: Size) -> list[str]:
        return [f"CPUQuota={size.cpu * 100:g}%", f"MemoryMax={_pages(size.memory_bytes)}", "MemorySwapMax=0"]

    def prepare(self, machine: str, size: Size) -> None:  # noqa: ARG002
        """See Cgroups."""
        self.clear(machine)

    def command(self, start: Start) -> list[str]:
        """See Cgroups."""
        properties = [
            "Delegate=yes", "KillMode=mixed", "TasksMax=infinity", "LimitNOFILE=1048576", "SuccessExitStatus=133",
            f"StandardOutput=truncate:{start.log}", f"StandardError=append:{start.log}", *self._properties(start.size),
        ]  # fmt: skip
        return [
            "systemd-run", "--quiet", "--collect", "--service-type=notify", f"--slice={self._slice}",
            f"--unit=gantry-{start.machine}.service", *(f"--property={item}" for item in properties),
            *(f"--setenv={name}={value}" for name, value in start.environment.items()), *start.argv,
        ]  # fmt: skip

    def fits(self, machine: str, size: Size) -> bool:
        """See Cgroups."""
        return _held([self._group(machine)], v2_limits(size))

    def limit(self, machine: str, size: Size) -> None:
        """See Cgroups."""
        run(["systemctl", "set-property", "--runtime", f"gantry-{machine}.service", *self._properties(size)])

    def clear(self, machine: str | None) -> None:
        """See Cgroups. A service that ended is forgotten by systemd at any moment: that it is unknown is no error."""
        unit = f"gantry-{machine}.service" if machine else self._slice
        group = self._group(machine) if machine else self.root / "gantry.slice" / self._slice
        for verb in (["kill", "--signal=SIGKILL"], ["stop"]):
            if group.exists():
                with contextlib.suppress(MachinesError):
                    run(["systemctl", *verb, unit])
        clear_tree(group)
        everything = self.root / "gantry.slice"
        if machine is None and everything.exists() and not any(path.is_dir() for path in everything.iterdir()):
            run(["systemctl", "stop", "gantry.slice"])

    def left(self) -> bool:
        """See Cgroups."""
        return (self.root / "gantry.slice" / self._slice).exists()

    def settings(self) -> dict[str, str]:
        """See Cgroups: none are changed."""
        return {}

    def put_back(self, settings: Mapping[str, str]) -> None:
        """See Cgroups."""
