"""One machine's life: started, looked at, mended, shut down, removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.machines import nspawn
from ansible_collections.gantry.platform.plugins.module_utils.machines.cgroups import Cgroups, Start
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.guest import (
    Guest,
    lasting_files,
    resolver,
    shared_files,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.network import (
    Network,
    attach,
    attached,
    outer_mtu,
    port_of,
    remove_port,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import Record
from ansible_collections.gantry.platform.plugins.module_utils.machines.ssh import HOST_KEY, Keys, answers, wait_ready
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Step

START_TIMEOUT = 120.0
"""Seconds that a machine may take to boot; it takes about 2 on an idle host."""
STOP_TIMEOUT = 60.0
"""Seconds that a machine may take to shut down before it is ended."""


@dataclass(frozen=True)
class Premises:
    """What the machines of one environment share."""

    environment: str
    directory: Path
    keys: Keys
    cgroups: Cgroups

    def guest(self, name: str, leader: int = 0) -> Guest:
        """A machine's directory, with the process that runs in it."""
        return Guest(self.directory / name, leader)

    def end(self, name: str) -> None:
        """End a machine's processes at once, and clear what they leave on the host."""
        process = nspawn.find_processes(self.directory).get(name)
        if process is not None:
            nspawn.kill(process)
        self.cgroups.clear(name)
        self.tidy(name)

    def tidy(self, name: str) -> None:
        """Remove what a machine that no longer runs may have left on the host outside its directory."""
        remove_port(name)
        nspawn.tidy(name, self.guest(name).root)

    def power_off(self, name: str, process: nspawn.Process, warnings: list[str]) -> None:
        """Shut a machine down; one that takes too long is ended."""
        if not nspawn.power_off(process, STOP_TIMEOUT):
            warnings.append(f"machine {name} did not shut down within {STOP_TIMEOUT:.0f} s and was ended")
        self.end(name)
        self.guest(name).unmount()

    def remove(self, name: str) -> None:
        """Remove a machine and all that it holds."""
        self.end(name)
        self.guest(name).remove()
        self.keys.forget(name)


@dataclass(frozen=True)
class Life:
    """One machine in its environment."""

    machine: Machine
    record: Record
    premises: Premises
    warnings: list[str]

    @property
    def _network(self) -> Network:
        return Network(self.premises.environment, IPv4Network(self.record.network))

    def _lasting(self) -> dict[str, str]:
        host_key = self.premises.keys.read(self.premises.keys.host(self.machine.name))
        return lasting_files(self.machine, self._network.network, outer_mtu(), host_key)

    def _shared(self) -> dict[str, str]:
        client_key = self.premises.keys.read(self.premises.keys.client.with_suffix(".pub"))
        return shared_files(self.machine, self.record.machines, resolver(), client_key)

    def boot(self) -> None:
        """Start the machine and wait until it is ready. Raises MachinesError with the end of its console."""
        name, premises = self.machine.name, self.premises
        guest = premises.guest(name)
        log = guest.directory / "console.log"
        guest.mount(Path(self.record.templates[name]))
        guest.write(guest.differing(self._lasting() | self._shared()))
        premises.cgroups.prepare(name, self.machine.size)
        premises.tidy(name)
        argv = nspawn.command(name, guest, self._network.bridge)
        start = Start(name, self.machine.size, argv, nspawn.ENVIRONMENT, log)
        started = nspawn.start(premises.cgroups.command(start), log)

        def alive() -> bool:
            # A starter that left the machine to systemd has ended well, and says no more of it.
            code = started.poll()
            return code is None or (code == 0 and name in nspawn.find_processes(premises.directory))

        try:
            self._wait(alive, START_TIMEOUT)
        except MachinesError as error:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
            raise MachinesError(f"{error}; the end of {log}:\n" + "\n".join(last)) from error

    def _wait(self, alive: Step, timeout: float) -> None:
        state = wait_ready(self.machine, self.premises.keys, alive, timeout)
        if state != "running":
            self.warnings.append(f"machine {self.machine.name} is {state}: see `systemctl --failed` in it")

    def wait_or_restart(self, process: nspawn.Process) -> None:
        """Wait for a machine that runs and does not answer; if it does not come, start it anew."""
        try:
            self._wait(process.alive, START_TIMEOUT / 4)
        except MachinesError:
            self.restart()

    def restart(self) -> None:
        """End the machine at once and start it anew."""
        self.premises.end(self.machine.name)
        self.boot()

    def mends(self, process: nspawn.Process) -> Iterator[tuple[str, Step]]:
        """What a running machine needs to be as declared, without a restart: (words, step) each."""
        name, size = self.machine.name, self.machine.size
        guest = self.premises.guest(name, process.leader)
        if differing := guest.differing(self._shared()):
            yield f"update {', '.join(differing)} of {name}", lambda: guest.write(differing)
        if not self.premises.cgroups.fits(name, size):
            yield f"resize {name}", lambda: self.premises.cgroups.limit(name, size)
        port, bridge = port_of(process.leader), self._network.bridge
        if port is not None and not attached(port, bridge):
            yield f"attach {name} to {bridge}", lambda: attach(port, bridge)

    def revival(self, process: nspawn.Process) -> tuple[str, Step] | None:
        """What a running machine needs where mends() are not enough; asked after them."""
        name = self.machine.name
        guest = self.premises.guest(name, process.leader)
        if guest.differing({HOST_KEY: self._lasting()[HOST_KEY]}):
            return f"restart {name}, whose key was lost", self.restart
        if not answers(self.machine.address, timeout=5.0):
            return f"wait for {name}", lambda: self.wait_or_restart(process)
        return None
