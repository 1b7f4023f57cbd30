"""All machines of one environment on this host: look, compare with what is to be, and do what is missing.

Every step can be repeated and starts from what is really there: a run after an interruption, a crash or a reboot
finishes the work. In check mode the same looking happens, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines import host, nspawn
from ansible_collections.gantry.platform.plugins.module_utils.machines.cgroups import Cgroups, find_cgroups
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
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine, Plan, Pool, make_plan
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import (
    MACHINES,
    Record,
    other_environments,
    read_host,
    read_record,
    write_host,
    write_record,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.ssh import Keys, answers, wait_ready

START_TIMEOUT = 120.0
"""Seconds that a machine may take to boot; it takes about 5 on an idle host."""
STOP_TIMEOUT = 60.0
"""Seconds that a machine may take to shut down before it is ended."""


@dataclass
class Outcome:
    """What a call found and did: machines and surplus as returned, actions in words, before and after for the diff."""

    machines: list[dict[str, Any]] = field(default_factory=list)
    surplus: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass
class Environment:
    """The machines of one environment; check means look only."""

    name: str
    state_directory: Path
    check: bool = False

    @cached_property
    def keys(self) -> Keys:
        """Its SSH keys."""
        return Keys(self.state_directory / "ssh")

    @cached_property
    def cgroups(self) -> Cgroups:
        """Its control groups."""
        return find_cgroups(self.name, host.mounts())

    def guest(self, name: str) -> Guest:
        """A machine's directory."""
        return Guest(self.state_directory / "machines" / name)

    def processes(self) -> dict[str, nspawn.Process]:
        """Its running machines."""
        return nspawn.find_processes(self.state_directory / "machines")

    # --- what there is

    def describe(self, machines: Iterable[Machine], running: Mapping[str, nspawn.Process]) -> list[dict[str, Any]]:
        """Machines as they are returned: as recorded, with their state."""
        return [
            {**machine.as_dict(), "state": "running" if machine.name in running else "stopped"} for machine in machines
        ]

    # --- verbs

    def present(
        self,
        network: IPv4Network,
        pools: Sequence[Pool],
        template: Path | None,
        names: Sequence[str],
        remove_surplus: bool,
    ) -> Outcome:
        """Make every machine of the pools run; report those that no pool asks for, and remove them if told to."""
        record = read_record(self.state_directory)
        if record.network and IPv4Network(record.network) != network and record.machines:
            make_plan(self.name, network, (), record.machines)
        plan = make_plan(self.name, network, pools, record.machines)
        self._refuse_too_large(plan.machines)
        self._refuse_unknown(names, plan.machines)
        outcome = Outcome(before=self._picture(record))

        surplus = () if remove_surplus else plan.surplus
        templates = self._templates(plan, record, template)
        kept = Record(
            str(network),
            (*plan.machines, *surplus),
            {name: templates[name] for name in (m.name for m in (*plan.machines, *surplus))},
        )
        self._do(
            outcome,
            record != kept,
            f"record {len(kept.machines)} machines",
            lambda: write_record(self.state_directory, self._union(kept, plan)),
        )
        if remove_surplus:
            self._each(self._removal(outcome, machine.name) for machine in plan.surplus)
            self._do(
                outcome,
                bool(plan.surplus),
                "forget the removed machines",
                lambda: write_record(self.state_directory, kept),
            )

        self._host_up(outcome, network)
        chosen = [machine for machine in plan.machines if not names or machine.name in names]
        self._run_machines(outcome, kept, network, chosen)
        running = self.processes()
        outcome.machines = self.describe(plan.machines, running)
        outcome.surplus = self.describe(surplus, running)
        outcome.after = self._picture(kept, {machine.name for machine in chosen} if self.check else set())
        return outcome

    def started(self, names: Sequence[str]) -> Outcome:
        """Make recorded machines run."""
        record = read_record(self.state_directory)
        self._refuse_unknown(names, record.machines)
        outcome = Outcome(before=self._picture(record))
        chosen = [machine for machine in record.machines if not names or machine.name in names]
        if chosen:
            self._host_up(outcome, IPv4Network(record.network))
            self._run_machines(outcome, record, IPv4Network(record.network), chosen)
        outcome.machines = self.describe(record.machines, self.processes())
        outcome.after = self._picture(record, {machine.name for machine in chosen} if self.check else set())
        return outcome

    def stopped(self, names: Sequence[str]) -> Outcome:
        """Shut recorded machines down, all at once; what they hold stays."""
        record = read_record(self.state_directory)
        self._refuse_unknown(names, record.machines)
        outcome = Outcome(before=self._picture(record))
        running = self.processes()
        chosen = [
            machine.name
            for machine in record.machines
            if machine.name in running and (not names or machine.name in names)
        ]
        self._each(self._stop(outcome, name, running[name]) for name in chosen)
        left = {name: process for name, process in running.items() if name not in chosen}
        outcome.machines = self.describe(record.machines, left)
        outcome.after = {**outcome.before, **{name: {**outcome.before[name], "state": "stopped"} for name in chosen}}
        return outcome

    def absent(self, names: Sequence[str]) -> Outcome:
        """Remove the named machines, or with no names everything that was made on the host."""
        record = read_record(self.state_directory)
        outcome = Outcome(before=self._picture(record))
        there = {machine.name for machine in record.machines} | set(self.processes())
        directory = self.state_directory / "machines"
        there |= {path.name for path in directory.iterdir()} if directory.is_dir() else set()
        doomed = sorted(there & set(names)) if names else sorted(there)
        self._each(self._removal(outcome, name) for name in doomed)
        kept = replace(
            record,
            machines=tuple(machine for machine in record.machines if machine.name not in doomed),
            templates={name: template for name, template in record.templates.items() if name not in doomed},
        )
        if names:
            self._do(
                outcome, kept != record, "forget the removed machines", lambda: write_record(self.state_directory, kept)
            )
            running = self.processes()
            for machine in kept.machines:
                self._share(outcome, machine, kept.machines, running)
        else:
            self._host_down(outcome, record)
        outcome.machines = self.describe(
            kept.machines, {name: p for name, p in self.processes().items() if name not in doomed}
        )
        outcome.after = {key: value for key, value in self._picture(kept).items() if key not in doomed}
        if not names and self.check:
            outcome.after = {}
        return outcome

    # --- the parts

    def _do(self, outcome: Outcome, needed: bool, words: str, act: Callable[[], object]) -> None:
        """Take note of a step if it is needed, and take it unless this is check mode."""
        if needed:
            outcome.actions.append(words)
            if not self.check:
                act()

    def _each(self, steps: Iterable[Callable[[], object] | None]) -> None:
        """Take steps side by side; all are taken before the first error is raised."""
        todo = [step for step in steps if step is not None]
        if todo and not self.check:
            with ThreadPoolExecutor(max_workers=16) as pool:
                errors = [
                    error for error in (future.exception() for future in [pool.submit(step) for step in todo]) if error
                ]
            if errors:
                raise MachinesError("; ".join(str(error) for error in errors)) from errors[0]

    def _templates(self, plan: Plan, record: Record, template: Path | None) -> dict[str, str]:
        """Which template each machine stands on: the one it was made from while that exists, else the one given."""
        chosen = {}
        for machine in (*plan.machines, *plan.surplus):
            recorded = record.templates.get(machine.name)
            if recorded and (template is None or Path(recorded).is_dir()):
                chosen[machine.name] = recorded
            elif template is not None:
                chosen[machine.name] = str(template)
            else:
                raise MachinesError(f"machine {machine.name} needs a template: give the bundle's rootfs directory")
        return chosen

    @staticmethod
    def _union(kept: Record, plan: Plan) -> Record:
        """The record while surplus machines are being removed: with them, so that an interruption forgets none."""
        names = {machine.name for machine in kept.machines}
        return replace(
            kept, machines=(*kept.machines, *(machine for machine in plan.surplus if machine.name not in names))
        )

    @staticmethod
    def _refuse_too_large(machines: Sequence[Machine]) -> None:
        there = host.capacity()
        for machine in machines:
            if machine.size.cpu > there["cpu"] or machine.size.memory_bytes > there["memory"]:
                raise MachinesError(
                    f"pool {machine.pool!r}: size {machine.size.cpu} cores, {machine.size.memory} is more than this host has "
                    f"({there['cpu']} cores, {there['memory'] // 2**20}Mi): make it smaller"
                )

    @staticmethod
    def _refuse_unknown(names: Sequence[str], machines: Sequence[Machine]) -> None:
        known = [machine.name for machine in machines]
        for name in names:
            if name not in known:
                raise MachinesError(f"names: there is no machine {name!r}; there are {', '.join(known) or 'none'}")

    def _picture(self, record: Record, assumed: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
        """The environment as one mapping for the diff; machines in assumed are taken to run."""
        running = self.processes()
        picture: dict[str, Any] = {}
        for machine in record.machines:
            state = "running" if machine.name in running or machine.name in assumed else "stopped"
            picture[machine.name] = {**machine.as_dict(), "state": state}
        return picture

    def _host_up(self, outcome: Outcome, network: IPv4Network) -> None:
        """Settings, bridge and address translation; what the first environment changes is recorded before."""
        before = read_host(self.state_directory)
        if not before and not self.check:
            write_host(
                self.state_directory, {"sysctls": host.read_sysctls((*host.MINIMUM_SYSCTLS, *host.ALTERED_INSIDE))}
            )
        low = host.low_sysctls()
        self._do(outcome, bool(low), f"set {', '.join(low)}", lambda: outcome.warnings.extend(host.write_sysctls(low)))
        net = Network(self.name, network)
        self._do(outcome, not net.bridge_is_up(), f"raise the bridge {net.bridge}", net.raise_bridge)
        self._do(outcome, not net.translates(), f"translate addresses of {network}", net.translate)

    def _host_down(self, outcome: Outcome, record: Record) -> None:
        """Undo _host_up(), and remove the environment's keys and record last."""
        net = Network(self.name, IPv4Network(record.network or "0.0.0.0/32"))
        self._do(outcome, net.bridge_is_there(), f"remove the bridge {net.bridge}", net.remove_bridge)
        self._do(outcome, net.has_rules(), f"stop translating addresses of {record.network}", net.stop_translating)
        self._do(outcome, self.cgroups.left(), "remove the control groups", lambda: self.cgroups.clear(None))
        self._do(outcome, self.keys.directory.exists(), "remove the SSH keys", self.keys.remove)
        before = read_host(self.state_directory)
        if before and not other_environments(self.state_directory):
            changed = [
                name for name, value in host.read_sysctls(before["sysctls"]).items() if value != before["sysctls"][name]
            ]
            self._do(
                outcome,
                bool(changed),
                f"put back {', '.join(changed)}",
                lambda: outcome.warnings.extend(host.write_sysctls(before["sysctls"])),
            )
            if not self.check:
                write_host(self.state_directory, {})
        file = self.state_directory / MACHINES
        self._do(outcome, file.exists(), "remove the record", file.unlink)
        if not self.check:
            for directory in (self.state_directory / "machines", self.state_directory, self.state_directory.parent):
                if directory.is_dir() and not any(directory.iterdir()):
                    directory.rmdir()

    def _run_machines(self, outcome: Outcome, record: Record, network: IPv4Network, chosen: Sequence[Machine]) -> None:
        """Make machines run as declared, all at once, and wait until each is ready."""
        self._do(outcome, self.keys.missing(record.machines), "make SSH keys", lambda: self.keys.make(record.machines))
        running = self.processes()
        self._each([self._starting(outcome, record, network, machine, running) for machine in chosen])

    def _starting(
        self,
        outcome: Outcome,
        record: Record,
        network: IPv4Network,
        machine: Machine,
        running: Mapping[str, nspawn.Process],
    ) -> Callable[[], object] | None:
        """The step that makes one machine run; None if it runs as declared already."""
        process = running.get(machine.name)
        if process is None:
            outcome.actions.append(
                f"{'start' if self.guest(machine.name).directory.exists() else 'create'} {machine.name}"
            )
            return lambda: self._boot(outcome, record, network, machine)
        self._share(outcome, machine, record.machines, running)
        self._do(
            outcome,
            not self.cgroups.fits(machine.name, machine.size),
            f"resize {machine.name}",
            lambda: self.cgroups.limit(machine.name, machine.size),
        )
        bridge = Network(self.name, network).bridge
        port = port_of(process.leader)
        if port is not None:
            self._do(
                outcome, not attached(port, bridge), f"attach {machine.name} to {bridge}", lambda: attach(port, bridge)
            )
        if port is not None and (answers(machine.address) or self.check):
            return None
        # It runs and does not answer: booting since an interrupted run, or hung. Wait for it, then start it anew.
        outcome.actions.append(f"wait for {machine.name}")
        return lambda: self._revive(outcome, record, network, machine, process)

    def _share(
        self, outcome: Outcome, machine: Machine, machines: Sequence[Machine], running: Mapping[str, nspawn.Process]
    ) -> None:
        guest = self.guest(machine.name)
        files = shared_files(machine, machines, resolver())
        if machine.name in running and (differing := guest.differing(files)):
            self._do(
                outcome,
                True,
                f"update {', '.join(differing)} of {machine.name}",
                lambda: guest.write({name: files[name] for name in differing}),
            )

    def _boot(self, outcome: Outcome, record: Record, network: IPv4Network, machine: Machine) -> None:
        """Start one machine and wait until it is ready."""
        guest = self.guest(machine.name)
        log = guest.directory / "console.log"
        guest.mount(Path(record.templates[machine.name]))
        keys = (
            self.keys.host(machine.name).read_text(encoding="utf-8"),
            self.keys.client.with_suffix(".pub").read_text(encoding="utf-8"),
        )
        files = lasting_files(machine, network, outer_mtu(), *keys) | shared_files(machine, record.machines, resolver())
        guest.write({name: files[name] for name in guest.differing(files)})
        self.cgroups.prepare(machine.name, machine.size)
        nspawn.tidy(machine.name)
        argv = nspawn.command(machine.name, guest, Network(self.name, network).bridge)
        started = nspawn.start(self.cgroups.command(machine.name, machine.size, argv, nspawn.ENVIRONMENT), log)
        try:
            state = wait_ready(machine, self.keys, lambda: started.poll() in (None, 0), START_TIMEOUT)
        except MachinesError as error:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-12:]
            raise MachinesError(f"{error}; the end of {log}:\n" + "\n".join(last)) from error
        if state != "running":
            outcome.warnings.append(f"machine {machine.name} is {state}: see `systemctl --failed` in it")

    def _revive(
        self, outcome: Outcome, record: Record, network: IPv4Network, machine: Machine, process: nspawn.Process
    ) -> None:
        try:
            wait_ready(machine, self.keys, process.alive, START_TIMEOUT / 4)
        except MachinesError:
            nspawn.kill(process)
            self._boot(outcome, record, network, machine)

    def _stop(self, outcome: Outcome, name: str, process: nspawn.Process) -> Callable[[], object]:
        """The step that shuts one machine down; one that takes too long is ended."""
        outcome.actions.append(f"stop {name}")

        def stop() -> None:
            if not nspawn.power_off(process, STOP_TIMEOUT):
                outcome.warnings.append(f"machine {name} did not shut down within {STOP_TIMEOUT:.0f} s and was ended")
                nspawn.kill(process)
            self.cgroups.clear(name)
            self.guest(name).unmount()
            nspawn.tidy(name)

        return stop

    def _removal(self, outcome: Outcome, name: str) -> Callable[[], object]:
        """The step that removes one machine and all that it holds."""
        outcome.actions.append(f"remove {name}")

        def remove() -> None:
            process = self.processes().get(name)
            if process is not None:
                nspawn.kill(process)
            self.cgroups.clear(name)
            nspawn.tidy(name)
            self.guest(name).remove()
            self.keys.forget(name)

        return remove
