"""One machine's processes: the container manager and the system it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.guest import VOLUMES, Guest

ENVIRONMENT = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "1"}
"""/proc/sys and /sys of a machine can be written: the kubelet and the network agent set what they need."""

# Keyrings for runc, BPF and perf for the network agent; modules as far as the host allows them.
_SYSTEM_CALLS = "@keyring bpf perf_event_open @privileged @module"
_OPTIONAL_BINDS = ("/dev/kmsg", "/dev/fuse", "/lib/modules")


def command(name: str, guest: Guest, bridge: str) -> list[str]:
    """The command line that boots a machine. What this host lacks (kernel modules, /dev/fuse) is left out."""
    return [
        "systemd-nspawn", f"--directory={guest.root}", f"--machine={name}", f"--hostname={name}", "--boot",
        "--register=no", "--keep-unit", "--capability=all", "--private-users=no", f"--network-bridge={bridge}",
        "--link-journal=no", "--resolv-conf=off", "--timezone=off", "--console=read-only",
        f"--system-call-filter={_SYSTEM_CALLS}",
        *(f"--bind={path}" for path in _OPTIONAL_BINDS if Path(path).exists()),
        *(f"--bind={guest.volumes / volume}:/var/lib/{volume}" for volume in VOLUMES),
    ]  # fmt: skip


@dataclass(frozen=True)
class Process:
    """A running machine: the manager's process id, and that of the machine's own process 1 (0 before it is there)."""

    manager: int
    leader: int

    def alive(self) -> bool:
        """Whether the manager still runs."""
        return _state(self.manager) not in ("", "Z")


def find_processes(machines_directory: Path) -> dict[str, Process]:
    """The running machines below a directory, by name; read from /proc, so no record of them can be lost."""
    prefix = f"--directory={machines_directory}/"
    managers: dict[int, str] = {}
    parents: list[tuple[int, int]] = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            with open(f"{entry.path}/stat", "rb") as stat:  # noqa: PTH123 (hundreds of files: the plain call is twice as fast)
                fields = stat.read().rpartition(b")")[2].split()
            if fields[0] == b"Z":
                continue
            parents.append((int(entry.name), int(fields[1])))
            with open(f"{entry.path}/cmdline", "rb") as file:  # noqa: PTH123
                words = file.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0].endswith("systemd-nspawn"):
            managers.update(
                {int(entry.name): Path(word[len(prefix) :]).parts[0] for word in words if word.startswith(prefix)}
            )
    found: dict[str, Process] = {}
    for manager, name in managers.items():
        children = [pid for pid, parent in parents if parent == manager and pid not in managers]
        if name not in found or children:
            found[name] = Process(manager, children[0] if children else 0)
    return found


def start(argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a machine in a session of its own; what it prints goes to log."""
    with log.open("wb") as output:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True, cwd="/"
        )


def power_off(process: Process, timeout: float) -> bool:
    """Ask a machine to shut down; return whether it did within timeout seconds."""
    try:
        os.kill(process.manager, signal.SIGTERM)
    except ProcessLookupError:
        return True
    return _gone(process, timeout)


def kill(process: Process, timeout: float = 30.0) -> None:
    """End a machine at once; its whole process tree goes with its process 1.

    Raises MachinesError if it outlives timeout seconds.
    """
    for pid in (process.leader, process.manager):
        if pid:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    if not _gone(process, timeout):
        raise MachinesError(
            f"process {process.manager} outlived SIGKILL for {timeout:.0f} s: look at its state in /proc"
        )


def tidy(name: str, root: Path) -> None:
    """Remove what a killed manager leaves in /run/systemd/nspawn for a machine with that root."""
    if root.is_dir():
        status = root.stat()
        Path(f"/run/systemd/nspawn/locks/inode-{status.st_dev}:{status.st_ino}").unlink(missing_ok=True)
    for path in (Path("/run/systemd/nspawn/propagate", name), Path("/run/systemd/nspawn/unix-export", name)):
        if path.is_dir():
            subprocess.run(["umount", "--quiet", "--lazy", str(path)], capture_output=True, check=False)
            try:
                path.rmdir()
            except OSError:
                continue


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _gone(process: Process, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while process.alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
