"""SSH to the machines: generated keys, the known hosts, and whether a machine answers."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError, run
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine

HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
"""Where a machine has its host key."""


@dataclass(frozen=True)
class Keys:
    """The directory <state directory>/ssh (0700): id_ed25519, known_hosts, and a host key a machine."""

    directory: Path

    @property
    def client(self) -> Path:
        """The private key that opens every machine of the environment."""
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The machines' public keys by address."""
        return self.directory / "known_hosts"

    def host(self, machine: str) -> Path:
        """A machine's private host key."""
        return self.directory / "hosts" / machine

    @staticmethod
    def read(key: Path) -> str:
        """A key as text; empty where there is none yet."""
        return key.read_text(encoding="utf-8") if key.exists() else ""

    @property
    def arguments(self) -> str:
        """Options of ssh that Ansible needs; connections are shared by sockets that stop() finds."""
        control = self.directory / "%C.sock"
        return f"-o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes -o ControlPath={control}"

    def missing(self, machines: Sequence[Machine]) -> bool:
        """Whether a key or a known host is missing."""
        keys = [self.client, *(self.host(machine.name) for machine in machines)]
        return not all(key.with_name(f"{key.name}.pub").exists() for key in keys) or self._known() != self._expected(
            machines
        )

    def make(self, machines: Sequence[Machine]) -> None:
        """Generate the keys that are missing, and write the known hosts."""
        self.host("").mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        for key, comment in (
            (self.client, "gantry"),
            *((self.host(machine.name), machine.name) for machine in machines),
        ):
            public = key.with_name(f"{key.name}.pub")
            if not public.exists():
                key.unlink(missing_ok=True)
                run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key)])
        self.known_hosts.write_text(self._expected(machines), encoding="utf-8")

    def forget(self, machine: str) -> None:
        """Remove a machine's host key."""
        for key in (self.host(machine), self.host(f"{machine}.pub")):
            key.unlink(missing_ok=True)

    def stop(self) -> None:
        """End the connections that Ansible keeps open."""
        for control in self.directory.glob("*.sock"):
            subprocess.run(
                ["ssh", "-o", f"ControlPath={control}", "-O", "exit", "none"],
                capture_output=True,
                timeout=10,
                check=False,
            )
            control.unlink(missing_ok=True)

    def remove(self) -> None:
        """End the connections and remove every key."""
        self.stop()
        shutil.rmtree(self.directory)

    def _known(self) -> str:
        return self.known_hosts.read_text(encoding="utf-8") if self.known_hosts.exists() else ""

    def _expected(self, machines: Sequence[Machine]) -> str:
        lines = []
        for machine in machines:
            public = self.host(f"{machine.name}.pub")
            if public.exists():
                lines.append(
                    f"{machine.address},{machine.name} {' '.join(public.read_text(encoding='utf-8').split()[:2])}\n"
                )
        return "".join(lines)


def answers(address: str, timeout: float = 1.0) -> bool:
    """Whether an SSH server greets at address within timeout seconds."""
    try:
        with socket.create_connection((address, 22), timeout=timeout) as connection:
            connection.settimeout(timeout)
            return connection.recv(8).startswith(b"SSH-2.0")
    except OSError:
        return False


def wait_ready(machine: Machine, keys: Keys, alive: Callable[[], object], timeout: float) -> str:
    """Wait until SSH answers and systemd has started everything; return systemd's state: "running" or "degraded".

    Raises MachinesError if the machine's processes end first (alive() turns false), or timeout seconds pass.
    """
    deadline = time.monotonic() + timeout
    while not answers(machine.address):
        if not alive():
            raise MachinesError(f"machine {machine.name} ended while it started")
        if time.monotonic() > deadline:
            raise MachinesError(
                f"machine {machine.name} ({machine.address}) does not answer SSH within {timeout:.0f} s"
            )
        time.sleep(0.3)
    argv = [
        "ssh",
        "-o",
        "ControlPath=none",
        *keys.arguments.split(),
        "-o",
        "BatchMode=yes",
        "-i",
        str(keys.client),
        f"root@{machine.address}",
    ]
    remaining = max(5.0, deadline - time.monotonic())
    return run([*argv, "systemctl is-system-running --wait || true"], timeout=remaining).strip()
