"""A server that becomes a node and is given back: its settings raised and recorded, and all that a node was undone."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import kubeadm
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import membership
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import (
    ALTERED_INSIDE,
    mounts,
    read_sysctls,
    write_sysctls,
)

RECORD = Path("/var/lib/gantry/server.json")
"""{environment, settings: as they were, tables: of the firewall, as they were}."""
SETTINGS = Path("/etc/sysctl.d/90-gantry.conf")
MODULES = Path("/etc/modules-load.d/gantry.conf")
UNITS = ("kubelet.service", "containerd.service")
SHIM = "containerd-shim-runc-v2"
LINKS = re.compile(r"^(cilium_\w+|lxc\w+|kube-ipvs0)$")
"""Network interfaces that pods and their network leave."""
CHAINS = re.compile(r"\b(KUBE-|CILIUM_|OLD_CILIUM_)")
"""Rules and chains of the service proxy and the network."""
MOUNTED = ("/run/containerd/", "/run/netns/cni-", "/run/cilium/", "/var/lib/kubelet/", "/var/lib/containerd/")
PINNED = ("/sys/fs/bpf/cilium", "/sys/fs/bpf/tc")
EMPTIED = ("/run/netns", "/usr/lib/modules")
"""Directories that pods' mounts make where they are not, and that hold nothing else."""
BUILTIN_TABLES = ("filter", "mangle", "nat", "raw")
STOP_SECONDS = 20.0


class ServerError(Exception):
    """The server is another's, or cannot be made what it should be. The message says what to do."""


@dataclass
class Work:
    """What is done, in words; with ``check`` it is told only."""

    check: bool
    actions: list[str] = field(default_factory=list)

    def do(self, needed: bool, words: str, act: Callable[[], object]) -> None:
        """Do something that is needed."""
        if needed:
            self.actions.append(words)
            if not self.check:
                act()


def read_record(path: Path = RECORD) -> dict[str, Any]:
    """What was recorded; empty where nothing was."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_record(record: Mapping[str, Any], path: Path = RECORD) -> None:
    """Record, whole or not at all."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(record, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(path)


def settings_text(settings: Mapping[str, int], now: Mapping[str, str]) -> str:
    """The file that keeps settings at least at these values; a higher value of the server's own stays."""
    kept = {name: max(least, int(now.get(name) or 0)) for name, least in settings.items()}
    return "# Written by the role servers.\n" + "".join(f"{name} = {value}\n" for name, value in sorted(kept.items()))


def prepare(environment: str, settings: Mapping[str, int], modules: Sequence[str], check: bool) -> list[str]:
    """Make a server fit to be a node; returns what was (in check mode, would be) done. Raises ServerError."""
    record = read_record()
    owner = str(record.get("environment", environment))
    if owner != environment:
        raise ServerError(f"this server is a node of environment {owner}: take another, or destroy {owner} first")
    work = Work(check)
    now = read_sysctls(settings)
    missing = [name for name in modules if not Path("/sys/module", name).exists() and _loadable(name)]
    before = {
        "environment": environment,
        "settings": read_sysctls((*settings, *ALTERED_INSIDE)),
        "tables": sorted(_tables()),
    }
    work.do(not record, f"record that it is a node of {environment}", lambda: write_record(before))
    low = {name: str(least) for name, least in settings.items() if name in now and int(now[name]) < least}
    text = SETTINGS.read_text(encoding="utf-8") if SETTINGS.exists() else ""
    work.do(
        bool(low) or not text,
        f"set {', '.join(sorted(low)) or 'nothing, since all are high enough'}",
        lambda: _set(settings, low),
    )
    listed = "# Written by the role servers.\n" + "".join(f"{name}\n" for name in modules)
    load = not MODULES.exists() or MODULES.read_text(encoding="utf-8") != listed
    work.do(load or bool(missing), f"load {', '.join(modules)}", lambda: _load(listed, missing))
    return work.actions


def _set(settings: Mapping[str, int], low: Mapping[str, str]) -> None:
    refused = write_sysctls(low)
    if refused:
        raise ServerError(f"the kernel refuses {'; '.join(refused)}: set them where the server gets its kernel from")
    SETTINGS.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    SETTINGS.write_text(settings_text(settings, read_sysctls(settings)), encoding="utf-8")


def _loadable(module: str) -> bool:
    """Whether the kernel has it as a module of its own, and not built in."""
    return subprocess.run(["modprobe", "--dry-run", module], capture_output=True, check=False).returncode == 0


def _load(listed: str, missing: Iterable[str]) -> None:
    for module in missing:
        _run(["modprobe", module])
    MODULES.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    MODULES.write_text(listed, encoding="utf-8")


def _run(command: Sequence[str], text: str | None = None) -> str:
    """Run a command. Raises ServerError with its words."""
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError:
        return ""
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()) or f"it ended with {done.returncode}"
        raise ServerError(f"{' '.join(command)}: {said}")
    return done.stdout


def give_back(environment: str, paths: Sequence[str], check: bool) -> list[str]:
    """Undo all that made this server a node; returns what was (in check mode, would be) done.

    ``paths``: files and directories that roles put there. The record itself goes with the packages, by the role.
    Raises ServerError.
    """
    record = read_record()
    if not record:
        return []
    if record.get("environment") != environment:
        raise ServerError(
            f"this server is a node of environment {record.get('environment')}, not of {environment}: nothing was done"
        )
    work = Work(check)
    made = membership().state in ("joined", "partial")
    work.do(made, "reset kubeadm", _reset)
    units = [unit for unit in UNITS if Path("/etc/systemd/system", unit).exists()]
    work.do(bool(units), f"stop {', '.join(units)}", lambda: _stop(units))
    shims = kubeadm.processes(SHIM)
    work.do(bool(shims), f"end {len(shims)} containers", lambda: _end(shims))
    mounted = [mount.target for mount in mounts() if mount.target.startswith(MOUNTED)]
    work.do(bool(mounted), f"unmount {len(mounted)} file systems", lambda: _unmount(mounted))
    links = [path.name for path in Path("/sys/class/net").iterdir() if LINKS.match(path.name)]
    work.do(bool(links), f"remove {', '.join(sorted(links))}", lambda: _unlink(links))
    there = [path for path in (*paths, *PINNED, str(SETTINGS), str(MODULES)) if _holds(Path(path))]
    work.do(bool(there), f"remove {', '.join(there)}", lambda: _remove(there))
    emptied = [path for path in map(Path, EMPTIED) if path.is_dir() and not any(path.iterdir())]
    work.do(bool(emptied), f"remove {', '.join(map(str, emptied))}", lambda: _rmdir(emptied))
    chains = [table for table in _saved() if CHAINS.search(table[1])]
    work.do(bool(chains), "remove the firewall's rules of services and pods", lambda: _forget(chains))
    empty = sorted(_tables() - set(record.get("tables", ())))
    work.do(bool(empty), f"remove the firewall's tables {', '.join(empty)}", lambda: _drop(empty))
    now = read_sysctls(record.get("settings", {}))
    changed = {name: value for name, value in record.get("settings", {}).items() if now.get(name, value) != value}
    work.do(bool(changed), f"put back {', '.join(changed)}", lambda: write_sysctls(changed))
    if units and not check:
        _run(["systemctl", "daemon-reload"])
    return work.actions


def _reset() -> None:
    """``kubeadm reset``; what it cannot do any more, for want of containerd, the steps after it do."""
    with suppress(kubeadm.KubeadmError):
        kubeadm.reset()


def _stop(units: Sequence[str]) -> None:
    _run(["systemctl", "disable", "--now", *units])


def _end(processes: Iterable[int]) -> None:
    """End shims with all that runs below them."""
    doomed = _descendants(set(processes))
    deadline = time.monotonic() + STOP_SECONDS
    while doomed and time.monotonic() < deadline:
        for process in doomed:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.2)
        doomed = {process for process in doomed if Path(f"/proc/{process}").exists()}


def _descendants(roots: set[int]) -> set[int]:
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            rest = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(rest[1])
    found = set(roots)
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _unmount(targets: Sequence[str]) -> None:
    for target in reversed(targets):
        with suppress(ServerError):
            _run(["umount", "--lazy", target])


def _unlink(links: Iterable[str]) -> None:
    for link in links:
        with suppress(ServerError):  # the other end of a pair went with it
            _run(["ip", "link", "delete", link])


def _holds(path: Path) -> bool:
    """Whether there is something to remove: a place where something is mounted stays, empty."""
    return path.is_symlink() or (any(path.iterdir()) if os.path.ismount(path) else path.exists())


def _remove(paths: Iterable[str]) -> None:
    for path in map(Path, paths):
        if os.path.ismount(path):
            for inner in path.iterdir():
                _delete(inner)
        else:
            _delete(path)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _rmdir(paths: Iterable[Path]) -> None:
    for path in paths:
        path.rmdir()


def _saved() -> list[tuple[str, str]]:
    """The firewall's rules as (iptables | ip6tables, text of its save)."""
    return [(tool, _run([f"{tool}-save"])) for tool in ("iptables", "ip6tables") if shutil.which(f"{tool}-save")]


def _forget(saved: Iterable[tuple[str, str]]) -> None:
    for tool, text in saved:
        kept = "".join(f"{line}\n" for line in text.splitlines() if not CHAINS.search(line))
        _run([f"{tool}-restore"], kept)


def _tables() -> set[str]:
    """The firewall's tables that iptables makes, as `ip nat`."""
    if not shutil.which("nft"):
        return set()
    found = re.findall(r"^table (ip6?) (\w+)$", _run(["nft", "list", "tables"]), re.MULTILINE)
    return {f"{family} {name}" for family, name in found if name in BUILTIN_TABLES}


def _drop(tables: Iterable[str]) -> None:
    """Remove tables that hold no rule."""
    for table in tables:
        rules = re.sub(
            r"^\s*(table|chain|type|policy|\}).*$", "", _run(["nft", "list", "table", *table.split()]), flags=re.M
        )
        if not rules.strip():
            _run(["nft", "delete", "table", *table.split()])
