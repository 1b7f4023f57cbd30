"""The host: what it has, its settings, and a snapshot of all that an environment could leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
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


# --- the snapshot

_VOLATILE_SYSCTLS = re.compile(
    r"(dev\.cdrom|fs\.(aio-nr|dentry-state|file-nr|inode-|quota)|kernel\.(ns_last_pid|pty\.nr|random\.|tainted|usermodehelper)"
    r"|kernel\.sched_domain|net\.(ipv[46]\.(conf|neigh)|mpls\.conf)|net\.ipv4\.tcp_fastopen_key|net\.netfilter\.nf_conntrack_count"
    r"|vm\.(stat_refresh|drop_caches))"
)
"""Settings that change by themselves, or come and go with links, which are listed on their own."""


def snapshot() -> dict[str, Any]:
    """Everything on this host that an environment could leave behind, in a form that compares with ==.

    Keys: processes (command lines of orphans, which is what a left-over process is, but for services of the host's
    systemd), ports (listening, but for short-lived UDP), netns, links, addresses, routes, rules, mounts, cgroups (top
    level, and all below environments), firewall (lines), sysctls (name to value).
    Used to show that destroy leaves the host as it was.
    """
    addresses = [(link["ifname"], a) for link in _ip("address", "show") for a in link["addr_info"]]
    return {
        "processes": _orphans(),
        "ports": _ports(),
        "netns": sorted(entry["name"] for entry in _ip("netns", "list")),
        "links": sorted(link["ifname"] for link in _ip("link", "show")),
        "addresses": sorted(f"{name} {address['local']}/{address['prefixlen']}" for name, address in addresses),
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
    """What two snapshots differ in: key to {gone, new}; empty if the host is as before.

    Settings that the host did not have before are passed over: they came with a kernel module.
    """
    found = {}
    for key in before:
        old, new = _lines(before[key], before[key]), _lines(after[key], before[key])
        if old != new:
            found[key] = {"gone": sorted(old - new), "new": sorted(new - old)}
    return found


def _lines(values: Mapping[str, str] | list[str], known: Mapping[str, str] | list[str]) -> set[str]:
    if isinstance(values, Mapping):
        return {f"{name}={value}" for name, value in values.items() if name in known}
    return set(values)


def _ip(*arguments: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = json.loads(run(["ip", "-json", *arguments]) or "[]")
    return answer


def _orphans() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            words = (entry / "cmdline").read_bytes().split(b"\0")
            groups = (entry / "cgroup").read_text(encoding="utf-8")
        except OSError:
            continue
        if parent == "1" and words[0] and ":/system.slice/" not in groups:
            found.append(b" ".join(words).decode(errors="replace").strip())
    return sorted(found)


def _ports() -> list[str]:
    first_short_lived = int(read_sysctls(["net.ipv4.ip_local_port_range"])["net.ipv4.ip_local_port_range"].split()[0])
    found = set()
    for line in run(["ss", "-H", "-lntu"]).splitlines():
        protocol, _, _, _, address = line.split()[:5]
        if protocol == "tcp" or int(address.rpartition(":")[2]) < first_short_lived:
            found.add(f"{protocol} {address}")
    return sorted(found)


def _cgroups() -> list[str]:
    found = []
    for root in {Path(mount.target) for mount in mounts() if mount.type in ("cgroup", "cgroup2")}:
        for top in (path for path in root.iterdir() if path.is_dir()):
            found.append(str(top))
            if top.name.startswith("gantry"):
                found += [directory for directory, _, _ in os.walk(top)][1:]
    return sorted(found)


def _firewall() -> list[str]:
    lines = []
    for command in (["nft", "list", "ruleset"], ["iptables-legacy-save"], ["ip6tables-legacy-save"]):
        if shutil.which(command[0]):
            lines += [re.sub(r"\[\d+:\d+\]|packets \d+ bytes \d+", "", line) for line in run(command).splitlines()]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _all_sysctls() -> dict[str, str]:
    names = []
    for directory, _, files in os.walk("/proc/sys"):
        names += [".".join((*Path(directory).parts[3:], file)) for file in files]
    values: dict[str, str] = {}
    for name in names:
        if not _VOLATILE_SYSCTLS.match(name):
            with contextlib.suppress(UnicodeDecodeError):
                values |= read_sysctls([name])
    return values
