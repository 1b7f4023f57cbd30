"""All machines of one environment on this host: look, compare with what is to be, and do what is missing.

Every step can be repeated and starts from what is really there: a run after an interruption, a crash or a reboot
finishes the work. In check mode the same looking happens, and nothing is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines import host, nspawn, settings
from ansible_collections.gantry.platform.plugins.module_utils.machines.cgroups import find_cgroups
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.life import Life, Premises
from ansible_collections.gantry.platform.plugins.module_utils.machines.network import Network
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import (
    Machine,
    Plan,
    Pool,
    make_plan,
    refuse_too_large,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import (
    MACHINES,
    Record,
    read_record,
    write_record,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.ssh import Keys
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Outcome


@dataclass
class Environment:
    """The machines of one environment; check means look only."""

    name: str
    state_directory: Path
    check: bool = False

    @property
    def keys(self) -> Keys:
        """Its SSH keys."""
        return Keys(self.state_directory / "ssh")

    @property
    def ssh(self) -> dict[str, str]:
        """How to reach its machines as root: {private_key_file, common_args}."""
        return {"private_key_file": str(self.keys.client), "common_args": self.keys.arguments}

    @cached_property
    def premises(self) -> Premises:
        """What its machines share."""
        cgroups = find_cgroups(self.name, host.mounts())
        return Premises(self.name, self.state_directory / "machines", self.keys, cgroups)

    def processes(self) -> dict[str, nspawn.Process]:
        """Its running machines."""
        return nspawn.find_processes(self.state_directory / "machines")

    def describe(self, machines: Iterable[Machine], running: Collection[str]) -> list[dict[str, Any]]:
        """Machines as they are returned: as recorded, with their state."""
        return [{**m.as_dict(), "state": "running" if m.name in running else "stopped"} for m in machines]

    def _picture(self, record: Record, running: Collection[str]) -> dict[str, Any]:
        return {machine["name"]: machine for machine in self.describe(record.machines, running)}

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
        if record.machines and record.network != str(network):
            raise MachinesError(
                f"network {network}: the machines were made in {record.network}: keep it, or destroy first"
            )
        plan = make_plan(self.name, network, pools, record.machines)
        refuse_too_large(plan.machines, host.capacity())
        chosen = _choose(plan.machines, names)
        outcome = Outcome(self.check, before=self._picture(record, self.processes()))
        bridge = Network(self.name, network)
        if not bridge.bridge_is_there():
            bridge.refuse_overlap()

        everything = record.extended(str(network), _in_order(record.machines, plan), template)
        words = f"record {len(plan.machines)} machines"
        outcome.do(record != everything, words, lambda: write_record(self.state_directory, everything))
        kept, surplus = everything, plan.surplus
        if remove_surplus and surplus:
            kept, surplus = everything.without([machine.name for machine in surplus]), ()
            self._remove(outcome, [machine.name for machine in plan.surplus])
            outcome.do(True, "forget the removed machines", lambda: write_record(self.state_directory, kept))

        self._run(outcome, kept, chosen)
        running = self.processes()
        outcome.machines = self.describe(plan.machines, running)
        outcome.surplus = self.describe(surplus, running)
        outcome.after = self._picture(kept, {*running, *(machine.name for machine in chosen)})
        return outcome

    def started(self, names: Sequence[str]) -> Outcome:
        """Make recorded machines run."""
        record = read_record(self.state_directory)
        chosen = _choose(record.machines, names)
        outcome = Outcome(self.check, before=self._picture(record, self.processes()))
        if chosen:
            self._run(outcome, record, chosen)
        running = self.processes()
        outcome.machines = self.describe(record.machines, running)
        outcome.after = self._picture(record, {*running, *(machine.name for machine in chosen)})
        return outcome

    def stopped(self, names: Sequence[str]) -> Outcome:
        """Shut recorded machines down, side by side; what they hold stays."""
        record = read_record(self.state_directory)
        running = self.processes()
        outcome = Outcome(self.check, before=self._picture(record, running))
        chosen = [machine.name for machine in _choose(record.machines, names) if machine.name in running]

        def power_off(name: str) -> None:
            self.premises.power_off(name, running[name], outcome.warnings)

        outcome.do_each((f"stop {name}", lambda name=name: power_off(name)) for name in chosen)  # type: ignore[misc]
        outcome.machines = self.describe(record.machines, self.processes())
        outcome.after = self._picture(record, running.keys() - set(chosen))
        return outcome

    def absent(self, names: Sequence[str]) -> Outcome:
        """Remove the named machines, or with no names everything that was made on the host."""
        record = read_record(self.state_directory)
        running = self.processes()
        outcome = Outcome(self.check, before=self._picture(record, running))
        directory = self.premises.directory
        there = {machine.name for machine in record.machines} | set(running)
        there |= {path.name for path in directory.iterdir()} if directory.is_dir() else set()
        doomed = sorted(there & set(names) if names else there)
        if not names and not self.check:
            self.keys.stop()
        self._remove(outcome, doomed)
        kept = record.without(doomed)
        if names:
            words = "forget the removed machines"
            outcome.do(kept != record, words, lambda: write_record(self.state_directory, kept))
            self._mend_all(outcome, kept, running)
        else:
            self._clear(outcome, record)
        outcome.machines = self.describe(kept.machines, running)
        outcome.after = self._picture(kept, running)
        return outcome

    def mended(self) -> Outcome:
        """Make the machines that run as recorded, as after others came or went; start none."""
        record = read_record(self.state_directory)
        running = self.processes()
        outcome = Outcome(self.check, before=self._picture(record, running))
        self._mend_all(outcome, record, running)
        outcome.machines = self.describe(record.machines, running)
        outcome.after = self._picture(record, running)
        return outcome

    # --- the parts

    def _run(self, outcome: Outcome, record: Record, chosen: Sequence[Machine]) -> None:
        """Make machines run as declared, side by side, and wait until each is ready."""
        keys = self.premises.keys
        settings.raise_settings(outcome, self.state_directory, self.premises.cgroups)
        Network(self.name, IPv4Network(record.network)).ensure(outcome)
        outcome.do(keys.missing(record.machines), "make SSH keys", lambda: keys.make(record.machines))
        running = self.processes()
        lives = {machine.name: Life(machine, record, self.premises, outcome.warnings) for machine in chosen}
        for name in running.keys() & lives.keys():
            self._mend(outcome, lives[name], running[name])
        with ThreadPoolExecutor(max_workers=16) as pool:
            living = [(life, running[name]) for name, life in lives.items() if name in running]
            revivals = list(pool.map(lambda pair: pair[0].revival(pair[1]), living))
        starts = [(self._start_words(name), life.boot) for name, life in lives.items() if name not in running]
        outcome.do_each([*starts, *(revival for revival in revivals if revival)])

    def _start_words(self, name: str) -> str:
        return f"{'start' if self.premises.guest(name).directory.exists() else 'create'} {name}"

    def _mend_all(self, outcome: Outcome, record: Record, running: Mapping[str, nspawn.Process]) -> None:
        for machine in record.machines:
            if machine.name in running:
                self._mend(outcome, Life(machine, record, self.premises, outcome.warnings), running[machine.name])

    @staticmethod
    def _mend(outcome: Outcome, life: Life, process: nspawn.Process) -> None:
        for words, step in life.mends(process):
            outcome.do(True, words, step)

    def _remove(self, outcome: Outcome, names: Sequence[str]) -> None:
        outcome.do_each((f"remove {name}", lambda name=name: self.premises.remove(name)) for name in names)  # type: ignore[misc]

    def _clear(self, outcome: Outcome, record: Record) -> None:
        """Undo what was made on the host for all machines; the record goes last."""
        cgroups, keys, file = self.premises.cgroups, self.premises.keys, self.state_directory / MACHINES
        Network(self.name, IPv4Network(record.network or "0.0.0.0/32")).remove(outcome)
        outcome.do(cgroups.left(), "remove the control groups", lambda: cgroups.clear(None))
        outcome.do(keys.directory.exists(), "remove the SSH keys", keys.remove)
        settings.put_back(outcome, self.state_directory, cgroups)
        outcome.do(file.exists(), "remove the record", file.unlink)
        if not self.check:
            for directory in (self.premises.directory, self.state_directory, self.state_directory.parent):
                if directory.is_dir() and not any(directory.iterdir()):
                    directory.rmdir()


def _in_order(recorded: Sequence[Machine], plan: Plan) -> tuple[Machine, ...]:
    """The plan's machines, those that were recorded in the record's order: pools may be planned one at a time."""
    machines = {machine.name: machine for machine in (*plan.machines, *plan.surplus)}
    return (*(machines.pop(machine.name) for machine in recorded), *machines.values())


def _choose(machines: Sequence[Machine], names: Sequence[str]) -> Sequence[Machine]:
    """The machines with those names, all where there are none; raises MachinesError for an unknown name."""
    known: Mapping[str, Machine] = {machine.name: machine for machine in machines}
    for name in names:
        if name not in known:
            raise MachinesError(f"names: there is no machine {name!r}; there are {', '.join(known) or 'none'}")
    return [known[name] for name in names] or machines
