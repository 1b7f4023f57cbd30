"""What stands inside a machine: its root, cloned from the template, and the few files that make it this machine."""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError, run
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import mounts
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine, bridge_address
from ansible_collections.gantry.platform.plugins.module_utils.machines.ssh import HOST_KEY

VOLUMES = ("containerd", "etcd", "gantry", "kubelet")
"""Directories of /var/lib that lie outside the overlay: one overlay cannot carry the upper layer of another."""

_MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
)

_PREPARE_UNIT = """\
[Unit]
Description=Writable control groups and a BPF file system of the machine's own
DefaultDependencies=no
Before=sysinit.target local-fs-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/gantry/prepare
[Install]
WantedBy=sysinit.target
"""

_PREPARE = """\
#!/bin/sh
# Before anything else runs: the control groups that the container manager mounted read-only become writable, since the
# kubelet makes its own there; and BPF objects are pinned in a file system of this machine alone.
[ "$(stat -f -c %T /sys/fs/cgroup)" != tmpfs ] || mount -o remount,rw /sys/fs/cgroup
for group in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q "$group"; then mount -o remount,bind,rw "$group"; fi
done
mkdir -p /sys/fs/bpf
mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
# Once set by a network agent, this setting of the whole host could not be put back before a restart.
setting=/proc/sys/kernel/unprivileged_bpf_disabled
if [ -e "$setting" ]; then mount --bind "$setting" "$setting" && mount -o remount,bind,ro "$setting"; fi
mount --make-rshared /
"""

_NETWORK_UNIT = """\
[Unit]
Description=The machine's address
DefaultDependencies=no
Wants=network-pre.target
After=network-pre.target systemd-sysctl.service
Before=network.target network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip link set host0 up mtu {mtu}
ExecStart=/usr/sbin/ip address replace {address}/{prefix} dev host0
ExecStart=/usr/sbin/ip route replace default via {gateway} dev host0
[Install]
WantedBy=multi-user.target network-online.target
"""

_SSHD = """\
HostKey {key}
PermitRootLogin prohibit-password
PasswordAuthentication no
UseDNS no
"""

# With unified control groups, one process killed for want of memory would end its whole service: the SSH server, for a
# command that asked for too much.
_SYSTEM = "[Manager]\nDefaultTimeoutStopSec=15s\nDefaultOOMPolicy=continue\n"
_JOURNAL = "[Journal]\nReadKMsg=no\nRuntimeMaxUse=48M\nSystemMaxUse=48M\n"


@dataclass(frozen=True)
class Guest:
    """A machine's directory on the host: {root, upper, work, volumes}."""

    directory: Path
    leader: int = 0
    """Process 1 of the machine as the host counts, 0 while it does not run."""

    @property
    def _inside(self) -> Path:
        """The machine's files: through its process, as the mount on the host may be gone."""
        return Path(f"/proc/{self.leader}/root") if self.leader else self.root

    @property
    def root(self) -> Path:
        """The root file system, where it is mounted."""
        return self.directory / "root"

    @property
    def volumes(self) -> Path:
        """What is kept outside the clone."""
        return self.directory / "volumes"

    def is_mounted(self) -> bool:
        """Whether the root is mounted."""
        return any(mount.target == str(self.root) for mount in mounts())

    def mount(self, template: Path) -> None:
        """Make the directories and mount the clone; raise MachinesError if the template is no root file system."""
        if not (template / "usr/lib/systemd/systemd").exists():
            raise MachinesError(
                f"template {template} holds no root file system with systemd: build the bundle's rootfs first"
            )
        for directory in (
            self.root,
            self.directory / "upper",
            self.directory / "work",
            *(self.volumes / name for name in VOLUMES),
        ):
            directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not self.is_mounted():
            layers = f"lowerdir={template},upperdir={self.directory / 'upper'},workdir={self.directory / 'work'}"
            run(["mount", "-t", "overlay", "-o", layers, f"gantry-{self.directory.name}", str(self.root)])

    def unmount(self) -> None:
        """Unmount everything at or below the machine's directory, the last mounted first."""
        below = f"{self.directory}/"
        for mount in reversed([mount for mount in mounts() if mount.target.startswith(below)]):
            try:
                run(["umount", mount.target])
            except MachinesError:
                run(["umount", "--lazy", mount.target])

    def remove(self) -> None:
        """Remove the machine's directory. Raises MachinesError rather than reach into something still mounted there."""
        self.unmount()
        if any(mount.target.startswith(f"{self.directory}/") for mount in mounts()):
            raise MachinesError(f"{self.directory}: something is still mounted below it; unmount it and try again")
        if self.directory.exists():
            shutil.rmtree(self.directory)

    def differing(self, files: Mapping[str, str]) -> dict[str, str]:
        """Those of the files that the machine lacks or has otherwise."""
        return {name: content for name, content in files.items() if _read(self._inside / name.lstrip("/")) != content}

    def write(self, files: Mapping[str, str]) -> None:
        """Write files into the machine, each whole or not at all."""
        for name, content in files.items():
            path = self._inside / name.lstrip("/")
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.new")
            beside.unlink(missing_ok=True)
            if content.startswith("-> "):
                beside.symlink_to(content[3:])
            else:
                mode = 0o755 if content.startswith("#!") else 0o600 if "PRIVATE KEY" in content else 0o644
                with os.fdopen(
                    os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
                ) as file:
                    os.fchmod(file.fileno(), mode)
                    file.write(content)
            beside.replace(path)


def _read(path: Path) -> str | None:
    """A file's text, "-> target" for a link, None where there is neither."""
    try:
        if stat.S_ISLNK(path.lstat().st_mode):
            return f"-> {path.readlink()}"
        return path.read_text(encoding="utf-8")
    except OSError:
        return None


def lasting_files(machine: Machine, network: IPv4Network, mtu: int, host_key: str) -> dict[str, str]:
    """The files that make a clone this machine, by path; "-> x" is a link to x. They are read at its start."""
    unit = "/etc/systemd/system"
    return {
        "/etc/hostname": f"{machine.name}\n",
        "/etc/machine-id": f"{uuid.uuid5(uuid.NAMESPACE_DNS, machine.name).hex}\n",
        HOST_KEY: host_key,
        "/etc/ssh/sshd_config.d/gantry.conf": _SSHD.format(key=HOST_KEY),
        "/etc/systemd/system.conf.d/gantry.conf": _SYSTEM,
        "/etc/systemd/journald.conf.d/gantry.conf": _JOURNAL,
        "/usr/local/lib/gantry/prepare": _PREPARE,
        f"{unit}/gantry-prepare.service": _PREPARE_UNIT,
        f"{unit}/sysinit.target.wants/gantry-prepare.service": f"-> {unit}/gantry-prepare.service",
        f"{unit}/gantry-network.service": _NETWORK_UNIT.format(
            mtu=mtu, address=machine.address, prefix=network.prefixlen, gateway=bridge_address(network)
        ),
        f"{unit}/multi-user.target.wants/gantry-network.service": f"-> {unit}/gantry-network.service",
        f"{unit}/multi-user.target.wants/ssh.service": "-> /lib/systemd/system/ssh.service",
        **{f"{unit}/{name}": "-> /dev/null" for name in _MASKED},
    }


def shared_files(machine: Machine, machines: Sequence[Machine], resolver: str, client_key: str) -> dict[str, str]:
    """The files that follow the environment while the machine runs: all names, name servers, who may enter."""
    names = {other.name: other.address for other in (*machines, machine)}
    lines = [
        "127.0.0.1 localhost",
        "::1 localhost ip6-localhost ip6-loopback",
        *(f"{names[name]} {name}" for name in sorted(names)),
    ]
    return {
        "/etc/hosts": "\n".join(lines) + "\n",
        "/etc/resolv.conf": resolver,
        "/root/.ssh/authorized_keys": client_key,
    }


def resolver(candidates: Sequence[Path] = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))) -> str:
    """A resolv.conf for machines: that of the first file with a name server which is not the host's own loopback."""
    for path in candidates:
        lines = (_read(path.resolve()) or "").splitlines()
        kept = [line for line in lines if line.split()[:1] in (["nameserver"], ["search"], ["options"])]
        servers = [
            line for line in kept if line.startswith("nameserver") and not line.split()[1].startswith(("127.", "::1"))
        ]
        if servers:
            return "\n".join(line for line in kept if not line.startswith("nameserver") or line in servers) + "\n"
    return "# The host has no name server that machines can reach.\n"
