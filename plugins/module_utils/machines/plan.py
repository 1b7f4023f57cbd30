"""Which machines there are to be: node pools in, named and addressed machines out. Nothing here touches the host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError

FIRST_HOST = 10
"""Offset in the network of the first machine; the bridge has offset 1, those between are the host's to use."""

_UNITS = {
    "": 1,
    "k": 1000,
    "M": 1000**2,
    "G": 1000**3,
    "T": 1000**4,
    "Ki": 1024,
    "Mi": 1024**2,
    "Gi": 1024**3,
    "Ti": 1024**4,
}


def memory_bytes(quantity: str | int) -> int:
    """Turn a Kubernetes quantity of memory ("4Gi", "512M", 1024) into bytes."""
    text = str(quantity).strip()
    digits = text.rstrip("KkMGTi")
    try:
        return int(float(digits) * _UNITS[text[len(digits) :]])
    except (KeyError, ValueError):
        raise MachinesError(f'memory {quantity!r} is not a quantity: write it like "4Gi" or "512Mi"') from None


@dataclass(frozen=True)
class Size:
    """What a machine may use: cores, and memory as a Kubernetes quantity."""

    cpu: float
    memory: str

    @property
    def memory_bytes(self) -> int:
        """The memory in bytes."""
        return memory_bytes(self.memory)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Size:
        """Read {cpu, memory}; cores may be written as text."""
        cpu = float(data["cpu"])
        return cls(cpu=int(cpu) if cpu.is_integer() else cpu, memory=str(data["memory"]))


@dataclass(frozen=True)
class Pool:
    """A node pool, as far as machines need it."""

    name: str
    role: str
    capacity: str
    count: int
    size: Size
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()
    first: int = 1
    """Index of the first of its machines."""

    @property
    def indices(self) -> range:
        """Of its machines."""
        return range(self.first, self.first + self.count)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Pool:
        """Read a pool of the inventory contract; keys that machines do not need are passed over.

        Raises MachinesError naming the pool and what it lacks.
        """
        try:
            count = data.get("count")
            return cls(
                name=str(data["name"]),
                role=str(data["role"]),
                capacity=str(data.get("capacity") or "on_demand"),
                count=int(count if count is not None else data.get("min") or 0),
                size=Size.parse(data["size"]),
                labels={str(key): str(value) for key, value in (data.get("labels") or {}).items()},
                taints=tuple(
                    {str(k): str(v) for k, v in taint.items() if v is not None} for taint in data.get("taints") or ()
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise MachinesError(
                f"pool {data.get('name', '?')!r}: {error!r} is missing or of the wrong type: see the inventory contract"
            ) from error


@dataclass(frozen=True)
class Machine:
    """One machine, which is also one Kubernetes node."""

    name: str
    address: str
    pool: str
    role: str
    capacity: str
    size: Size
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Mapping[str, str]] = ()

    def as_dict(self) -> dict[str, Any]:
        """The machine as it is recorded and returned."""
        return {**asdict(self), "labels": dict(self.labels), "taints": [dict(taint) for taint in self.taints]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Machine:
        """Read what as_dict() gave."""
        known = {key: data[key] for key in ("name", "address", "pool", "role", "capacity", "labels")}
        return cls(**known, size=Size.parse(data["size"]), taints=tuple(data["taints"]))


@dataclass(frozen=True)
class Plan:
    """The machines that are to be, those that no pool asks for any more, and the names of what is new or different."""

    machines: tuple[Machine, ...]
    surplus: tuple[Machine, ...]
    added: tuple[str, ...]
    altered: tuple[str, ...]


def bridge_address(network: IPv4Network) -> IPv4Address:
    """The host's address in the machines' network."""
    return network[1]


def names_of(environment: str, pools: Iterable[Pool]) -> list[str]:
    """The names of all machines that the pools ask for, in order."""
    return [f"{environment}-{pool.name}-{index}" for pool in pools for index in pool.indices]


def make_plan(environment: str, network: IPv4Network, pools: Iterable[Pool], recorded: Sequence[Machine]) -> Plan:
    """Give every machine that the pools ask for its name and address; recorded machines keep theirs.

    A pool of count n has the machines <environment>-<pool>-1 … n; what is recorded beyond that is surplus.
    Raises MachinesError if the network has too few addresses, or a recorded address is not in it.
    """
    known = {machine.name: machine for machine in recorded}
    for machine in recorded:
        if IPv4Address(machine.address) not in network:
            raise MachinesError(
                f"network {network}: machine {machine.name} was made with address {machine.address}, which is not in "
                "it: keep the network, or destroy the environment first"
            )
    taken = {machine.address for machine in recorded}
    free = (str(network[offset]) for offset in range(FIRST_HOST, network.num_addresses - 1))
    machines = []
    for pool in pools:
        for index in pool.indices:
            name = f"{environment}-{pool.name}-{index}"
            address = known[name].address if name in known else next((a for a in free if a not in taken), None)
            if address is None:
                raise MachinesError(f"network {network} has no address left for machine {name}: choose a larger one")
            machines.append(
                Machine(
                    name=name,
                    address=address,
                    pool=pool.name,
                    role=pool.role,
                    capacity=pool.capacity,
                    size=pool.size,
                    labels=dict(pool.labels),
                    taints=tuple(dict(taint) for taint in pool.taints),
                )
            )
    wanted = {machine.name for machine in machines}
    if len(wanted) != len(machines):
        raise MachinesError("two pools give machines of the same name: give every pool a name of its own")
    return Plan(
        machines=tuple(machines),
        surplus=tuple(machine for machine in recorded if machine.name not in wanted),
        added=tuple(machine.name for machine in machines if machine.name not in known),
        altered=tuple(
            machine.name for machine in machines if machine.name in known and not same(machine, known[machine.name])
        ),
    )


def refuse_too_large(machines: Iterable[Machine], host: Mapping[str, int]) -> None:
    """Raise MachinesError if a machine is larger than the host, {cpu: cores, memory: bytes}."""
    for machine in machines:
        if machine.size.cpu > host["cpu"] or machine.size.memory_bytes > host["memory"]:
            raise MachinesError(
                f"pool {machine.pool!r}: size {machine.size.cpu} cores, {machine.size.memory} is over the host's "
                f"({host['cpu']} cores, {host['memory'] // 2**20}Mi): make it smaller"
            )


def same(one: Machine, other: Machine) -> bool:
    """Whether two machines are equal in all that is declared."""
    return one.as_dict() == replace(other).as_dict()
