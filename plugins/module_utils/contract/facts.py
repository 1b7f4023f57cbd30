"""Looks at the running host: its kernel, memory, disks, sockets and routes. Reads files only; takes milliseconds."""

from __future__ import annotations

import gzip
import ipaddress
import os
import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import urllib3
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.contract.host import (
    FEATURES,
    Disk,
    Feature,
    HostFacts,
    Listener,
    Route,
)
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.journal import JOURNAL, JournalError
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.journal import read as read_journal


def gather(state: Path, cache: Path, kubeconfig: Path) -> HostFacts:
    """All facts. `state`: the environment's record on this host; `cache`: the bundle's; `kubeconfig`: may be absent."""
    memory = dict(re.findall(r"^(\w+):\s+(\d+) kB", Path("/proc/meminfo").read_text(), flags=re.MULTILINE))
    resolv = Path("/etc/resolv.conf")
    servers = (
        re.findall(r"^nameserver\s+([\d.]+)\s*$", resolv.read_text(), flags=re.MULTILINE) if resolv.exists() else []
    )
    return HostFacts(
        user=os.geteuid(),
        cpus=len(os.sched_getaffinity(0)),
        memory=int(memory["MemTotal"]) * 1024,
        memory_free=int(memory["MemAvailable"]) * 1024,
        state_disk=disk(state),
        cache_disk=disk(cache),
        bundle_cached=any((cache / "bundle" / "image").glob("*/*")),
        kernel=platform.release(),
        features=kernel_features(),
        listeners=tuple(listeners(state.parent)),
        routes=tuple(routes(Path("/proc/net/route").read_text())),
        nameservers=tuple(servers),
        package_manager=shutil.which("apt-get") is not None,
        adopted=any((state / "machines").glob("*")),
        running=running_version(kubeconfig) if kubeconfig.exists() else "",
        interrupted=interrupted_upgrade(state / JOURNAL),
    )


def interrupted_upgrade(path: Path) -> str:
    """The version that an upgrade was to bring which is not finished; empty where there is none."""
    try:
        found = read_journal(path)
    except JournalError:
        return "an unknown version"
    return found.target if found and not found.done else ""


def disk(path: Path) -> Disk:
    """The file system that a path is on, or will be on."""
    there = next(parent for parent in (path, *path.parents) if parent.exists())
    return Disk(path=str(path), device=there.stat().st_dev, free=shutil.disk_usage(there).free)


def kernel_features(root: Path = Path("/")) -> dict[str, bool | None]:
    """For each feature: loaded, built in or loadable; None where the kernel does not tell."""
    release = platform.release()
    config = _kernel_config(root, release)
    modules = root / "lib" / "modules" / release
    loadable: set[str] = set()
    for name in ("modules.dep", "modules.builtin"):
        if (modules / name).is_file():
            paths = (line.split(":")[0] for line in (modules / name).read_text().splitlines())
            loadable |= {Path(path).name.split(".ko")[0].replace("-", "_") for path in paths}

    def has(feature: Feature) -> bool | None:
        if feature.module and ((root / "sys/module" / feature.module).exists() or feature.module in loadable):
            return True
        setting = config.get(feature.option, "n") if config else None
        if setting == "y":
            return True
        if setting == "m":
            return False if loadable else None
        return False if setting == "n" else None

    return {feature.name: has(feature) for feature in FEATURES}


def _kernel_config(root: Path, release: str) -> dict[str, str]:
    """Options of the running kernel's configuration; empty where it is not to be had."""
    packed, plain = root / "proc/config.gz", root / "boot" / f"config-{release}"
    try:
        text = gzip.decompress(packed.read_bytes()).decode() if packed.exists() else plain.read_text()
    except OSError:
        return {}
    return dict(re.findall(r"^(CONFIG_\w+)=([ym])$", text, flags=re.MULTILINE))


def routes(table: str) -> Iterator[Route]:
    """Networks of /proc/net/route, the default route left out. Addresses there are little-endian hexadecimal."""
    for line in table.splitlines()[1:]:
        interface, destination, _, _, _, _, _, mask, *_ = line.split()
        if destination != "00000000":
            address, bits = (ipaddress.IPv4Address(bytes.fromhex(part)[::-1]) for part in (destination, mask))
            yield Route(ipaddress.IPv4Network(f"{address}/{bits}", strict=False), interface)


def listeners(state: Path) -> Iterator[Listener]:
    """Listening TCP sockets; those of a registry recorded below `state` carry its environment."""
    sockets = [row for name in ("tcp", "tcp6") for row in _sockets(Path("/proc/net") / name)]
    owners = _owners({inode for _, _, inode in sockets})
    recorded = {
        int(path.read_text().strip() or 0): path.parents[1].name
        for path in state.glob("*/registry/*pid*")
        if path.is_file() and path.read_text().strip().isdigit()
    }
    for host, port, inode in sockets:
        pid, process = owners.get(inode, (0, "an unknown process"))
        yield Listener(host, port, process, recorded.get(pid, ""))


def _sockets(path: Path) -> Iterator[tuple[str, int, str]]:
    """Host, port and inode of listening sockets (state 0A); words of an address are little-endian."""
    if not path.exists():
        return
    for line in path.read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":
            address, port = fields[1].split(":")
            words = [bytes.fromhex(address[start : start + 8])[::-1] for start in range(0, len(address), 8)]
            yield str(ipaddress.ip_address(b"".join(words))), int(port, 16), fields[9]


def _owners(inodes: set[str]) -> dict[str, tuple[int, str]]:
    """Process id and name by the inode of a socket, as far as this user may see."""
    found: dict[str, tuple[int, str]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            for handle in (process / "fd").iterdir():
                target = str(handle.readlink())
                if target.startswith("socket:[") and (inode := target[8:-1]) in inodes:
                    found[inode] = (int(process.name), f"{(process / 'comm').read_text().strip()} (pid {process.name})")
        except OSError:
            continue
    return found


def running_version(kubeconfig: Path) -> str:
    """The version that the API server of a kubeconfig tells to anybody; empty where it does not answer in a second."""
    try:
        cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
        pool = urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False, timeout=1.0)
        body = pool.request("GET", f"{cluster['server']}/version").json()
        return str(body["gitVersion"]).removeprefix("v")
    except (OSError, KeyError, IndexError, TypeError, ValueError, yaml.YAMLError, urllib3.exceptions.HTTPError):
        return ""
