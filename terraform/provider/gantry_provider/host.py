"""The host's machines as resources see them: declarations in, states out. The work is `module_utils/machines`."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines import host, settings
from ansible_collections.gantry.platform.plugins.module_utils.machines.environment import Environment
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.network import Network
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import (
    Machine,
    Pool,
    Size,
    make_plan,
    names_of,
    refuse_too_large,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import Record, locked, read_record
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Outcome
from tf.utils import Diagnostics

STATE = Path("/var/lib/gantry")
"""Where every environment's record lies, below its name."""
LOCKS = Path("/run/lock")
CHANGING = threading.Lock()
"""Held while anything on the host is changed."""


@dataclass(frozen=True)
class View:
    """Some machines of an environment as they are.

    `machines`: as recorded, those asked for and those beyond; `running`: names; `repairs`: what would have to be done.
    """

    machines: tuple[Machine, ...]
    beyond: tuple[str, ...]
    running: frozenset[str]
    repairs: tuple[str, ...]
    template: str

    def states(self) -> dict[str, dict[str, str]]:
        """Name to address and state, of those asked for."""
        return {
            machine.name: {
                "address": machine.address,
                "state": "running" if machine.name in self.running else "stopped",
            }
            for machine in self.machines
        }


@dataclass(frozen=True)
class Host:
    """The machines of one environment on this host."""

    environment: str
    root: Path = STATE

    @property
    def directory(self) -> Path:
        """Its record and its machines."""
        return self.root / self.environment

    def record(self) -> Record:
        """What is recorded; empty where nothing is."""
        return read_record(self.directory)

    def _environment(self, check: bool) -> Environment:
        return Environment(self.environment, self.directory, check)

    @contextmanager
    def _changing(self) -> Iterator[Environment]:
        """One at a time, with the module's own lock."""
        with CHANGING, locked(LOCKS / f"gantry-{self.environment}.lock"):
            yield self._environment(check=False)

    # --- the network

    def refuse_network(self, cidr: str) -> None:
        """Raise MachinesError if the network cannot be made here."""
        network = Network(self.environment, IPv4Network(cidr))
        if not network.bridge_is_there():
            network.refuse_overlap()

    def network_repairs(self) -> list[str]:
        """What the network lacks."""
        record, outcome = self.record(), Outcome(check=True)
        environment = self._environment(check=True)
        settings.raise_settings(outcome, self.directory, environment.premises.cgroups)
        Network(self.environment, IPv4Network(record.network)).ensure(outcome)
        return outcome.actions

    def make_network(self, cidr: str) -> list[str]:
        """Have the network up; returns warnings. Its machines stay as they are."""
        with self._changing() as environment:
            return environment.present(IPv4Network(cidr), [], None, [], remove_surplus=False).warnings

    def remove_all(self) -> list[str]:
        """Remove the network and whatever is still in it, and put the host's settings back; returns warnings."""
        with self._changing() as environment:
            return environment.absent([]).warnings

    # --- machines

    def refuse(self, network: str, pool: Pool) -> None:
        """Raise MachinesError if the pool's machines cannot be made here."""
        plan = make_plan(self.environment, IPv4Network(network), [pool], self.record().machines)
        refuse_too_large(plan.machines, host.capacity())

    def look(self, network: str, pool: Pool, template: str) -> View:
        """The pool's machines as they are, with what they lack."""
        record, environment = self.record(), self._environment(check=True)
        names = set(names_of(self.environment, [pool]))
        mine = tuple(machine for machine in record.machines if machine.name in names)
        beyond = tuple(m.name for m in record.machines if m.pool == pool.name and m.name not in names)
        repairs: list[str] = []
        if mine:
            outcome = environment.present(
                IPv4Network(network), [pool], Path(template) if template else None, [], remove_surplus=False
            )
            # The network and the record are others' business: a machine is named by a word.
            repairs = [words for words in outcome.actions if names.intersection(words.replace(",", " ").split())]
        kept = record.templates.get(mine[0].name, "") if mine else ""
        return View(mine, beyond, self.running(), tuple(repairs), kept)

    def make(self, network: str, pool: Pool, template: str, unwanted: Sequence[str] = ()) -> list[str]:
        """Have the pool's machines run as declared, those unwanted gone, all others told of it; returns warnings."""
        with self._changing() as environment:
            warnings: list[str] = []
            if unwanted:
                warnings += environment.absent(list(unwanted)).warnings
            warnings += environment.present(
                IPv4Network(network), [pool], Path(template), [], remove_surplus=False
            ).warnings
            return warnings + environment.mended().warnings

    def remove(self, names: Sequence[str]) -> list[str]:
        """Remove machines; returns warnings."""
        with self._changing() as environment:
            return environment.absent(list(names)).warnings if names else []

    def running(self) -> frozenset[str]:
        """Names of machines that run."""
        return frozenset(self._environment(check=True).processes())

    def ssh(self) -> dict[str, str]:
        """How to reach the machines."""
        return self._environment(check=True).ssh


def pool_of(values: Mapping[str, Any], count: int, first: int = 1) -> Pool:
    """A pool of the module from attributes: those that machines need."""
    return Pool(
        name=values["pool" if "index" in values else "name"],
        role=values["role"],
        capacity=values.get("capacity") or "on_demand",
        count=count,
        size=Size.parse(values),
        labels=dict(values.get("labels") or {}),
        taints=tuple({k: v for k, v in taint.items() if v} for taint in values.get("taints") or ()),
        first=first,
    )


def recorded(machine: Machine) -> dict[str, Any]:
    """A machine's declaration as attributes."""
    return {
        "role": machine.role,
        "capacity": machine.capacity,
        "cpu": machine.size.cpu,
        "memory": machine.size.memory,
        "labels": dict(machine.labels),
        "taints": [{name: taint.get(name, "") for name in ("key", "value", "effect")} for taint in machine.taints],
    }


@contextmanager
def told(diagnostics: Diagnostics, what: str) -> Iterator[None]:
    """Turn an error of the machines into one of Terraform's."""
    try:
        yield
    except (MachinesError, OSError) as error:
        first, *rest = str(error).splitlines() or [repr(error)]
        diagnostics.add_error(f"{what}: {first}", "\n".join(rest))
