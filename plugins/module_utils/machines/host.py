"""The host: what it has, its settings, and a snapshot of all that an environment could leave behind."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError, run

MINIMUM_SYSCTLS: Mapping[str, int] = {
    "net.ipv4.ip_forward": 1,
    "fs.inotify.max_user_instances": 8192,
    "fs.inotify.max_user_watches": 524288,
    "kernel.keys.maxkeys": 2000,
    "kernel.keys.maxbytes": 2000000,
}
"""Host-wide settings that machines need at least at these values."""

ALTERED_INSIDE = (
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.timer_migration",
    "kernel.unprivileged_bpf_disabled",
    "net.core.bpf_jit_enable",
    "vm.max_map_count",
    "vm.overcommit_memory",
    "vm.panic_on_oom",
)
"""Host-wide settings that a kubelet or a network agent in a machine changes; they are put back with the others."""

COMMANDS: Mapping[str, str] = {
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
}
"""Commands that the machines need of the host, and the Debian packages that have them."""


@dataclass(frozen=True)
class Mount:
    """One line of /proc/self/mountinfo."""

    target: str
    type: str
    source: str
    options: tuple[str, ...]


def mounts() -> list[Mount]:
    """The mounts this process sees, in the order they were made."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, after = line.split(" - ", 1)
        kind, source, options = after.split(" ", 2)
        target = before.split(" ")[4].replace("\\040", " ")
        found.append(Mount(target, kind, source, tuple(options.split(","))))
    return found


def has_systemd() -> bool:
    """Whether systemd is the host's process 1."""
    return Path("/run/systemd/system").is_dir()


def missing_packages() -> list[str]:
    """Debian packages with the commands that this host lacks."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    return sorted({package for command, package in COMMANDS.items() if shutil.which(command, path=path) is None})


def capacity() -> dict[str, int]:
    """The host's {cpu: cores, memory: bytes}, as a kubelet in a machine sees them."""
    for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("MemTotal:"):
            return {"cpu": os.cpu_count() or 1, "memory": int(line.split()[1]) * 1024}
    raise MachinesError("/proc/meminfo has no MemTotal: is /proc mounted?")


def _sysctl_path(name: str) -> Path:
    return Path("/proc/sys", *name.split("."))


def read_sysctls(names: Iterable[str]) -> dict[str, str]:
    """The values of those settings that this kernel has."""
    values = {}
    for name in names:
        try:
            values[name] = _sysctl_path(name).read_text(encoding="utf-8").strip()
        except OSError:
            continue
    return values


def low_sysctls() -> dict[str, str]:
    """Settings below what machines need, with the values they are to get."""
    now = read_sysctls(MINIMUM_SYSCTLS)
    return {name: str(least) for name, least in MINIMUM_SYSCTLS.items() if name in now and int(now[name]) < least}


def write_sysctls(values: Mapping[str, str]) -> list[str]:
    """Set what differs; return a line for each setting that the kernel refused to take."""
    refused = []
    for name, value in values.items():
        path = _sysctl_path(name)
        try:
            if path.read_text(encoding="utf-8").strip() != value:
                path.write_text(value, encoding="utf-8")
        except OSError as error:
            refused.append(f"{name}={value}: {error.strerror}")
    return refused


# --- the snapshot -----------------------------------------------------------------------------------------------------------------

_VOLATILE_SYSCTLS = (
    "dev.cdrom.info", "fs.dentry-state", "fs.file-nr", "fs.inode-", "fs.aio-nr", "fs.quota.", "kernel.ns_last_pid", "kernel.pty.nr",
    "kernel.random.", "net.netfilter.nf_conntrack_count", "kernel.tainted", "net.ipv4.tcp_fastopen_key", "vm.stat_refresh", "vm.drop_caches",
    "kernel.sched_domain", "net.ipv4.conf.", "net.ipv4.neigh.", "net.ipv6.conf.", "net.ipv6.neigh.", "net.mpls.conf.", "kernel.usermodehelper",
)  # fmt: skip


def snapshot() -> dict[str, Any]:
    """Everything on this host that an environment could leave behind, in a form that compares with ==.

    Keys: processes (command lines of those in no kernel thread), ports (listening sockets), netns, links, addresses, routes, rules, mounts,
    cgroups (paths), firewall (text), sysctls (name to value). Used to show that destroy leaves the host as it was.
    """
    return {
        "processes": _processes(),
        "ports": sorted({" ".join(line.split()[0:5:4]) for line in run(["ss", "-H", "-lntu"]).splitlines()}),
        "netns": sorted(entry["name"] for entry in _ip("netns", "list")),
        "links": sorted(link["ifname"] for link in _ip("link", "show")),
        "addresses": sorted(
            f"{link['ifname']} {a['local']}/{a['prefixlen']}"
            for link in _ip("address", "show")
            for a in link["addr_info"]
        ),
        "routes": sorted(
            f"{route['dst']} {route.get('gateway', '')} {route.get('dev', '')}" for route in _ip("route", "show")
        ),
        "rules": sorted(f"{rule['priority']} {rule.get('table', '')}" for rule in _ip("rule", "show")),
        "mounts": sorted(f"{mount.target} {mount.type}" for mount in mounts()),
        "cgroups": _cgroups(),
        "firewall": _firewall(),
        "sysctls": _all_sysctls(),
    }


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """What two snapshots differ in: key to {gone, new}; empty if the host is as before."""
    found = {}
    for key in before:
        old, new = (
            {f"{k}={v}" for k, v in side.items()} if isinstance(side, dict) else set(side)
            for side in (before[key], after[key])
        )
        if old != new:
            found[key] = {"gone": sorted(old - new), "new": sorted(new - old)}
    return found


def _ip(*arguments: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = json.loads(run(["ip", "-json", *arguments]) or "[]")
    return answer


def _processes() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0]:
                found.append(b" ".join(words).decode(errors="replace").strip())
    return sorted(found)


def _cgroups() -> list[str]:
    roots = {mount.target for mount in mounts() if mount.type in ("cgroup", "cgroup2")}
    return sorted(directory for root in roots for directory, _, _ in os.walk(root))


def _firewall() -> list[str]:
    tables = []
    for command in (["nft", "list", "ruleset"], ["iptables-legacy-save"], ["ip6tables-legacy-save"]):
        if shutil.which(command[0]):
            tables += [
                line.split(" [")[0] for line in run(command).splitlines() if line.strip() and not line.startswith("#")
            ]
    return tables


def _all_sysctls() -> dict[str, str]:
    values = {}
    for directory, _, names in os.walk("/proc/sys"):
        for file in names:
            path = Path(directory, file)
            name = ".".join(path.parts[3:])
            if not name.startswith(_VOLATILE_SYSCTLS):
                try:
                    values[name] = path.read_text(encoding="utf-8").strip()
                except (OSError, UnicodeDecodeError):
                    continue
    return values
