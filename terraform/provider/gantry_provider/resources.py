"""Resources: the machines' network, node pools, and single machines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tf.iface import (
    CreateContext,
    DeleteContext,
    ImportContext,
    PlanContext,
    ReadContext,
    Resource,
    UpdateContext,
)
from tf.schema import Attribute, Schema
from tf.types import Bool, List, Map, Number, String, Unknown
from tf.utils import Diagnostics

from gantry_provider import checks
from gantry_provider.host import Host, View, pool_of, recorded, told
from gantry_provider.types import Object

State = dict[str, Any]

TAINT = Object({"key": String(), "value": String(), "effect": String()})
MACHINE = Object({"address": String(), "state": String()})

ENVIRONMENT = Attribute(
    "environment",
    String(),
    "Name of the environment; all that is made carries it.",
    required=True,
    requires_replace=True,
)
REPAIRS = Attribute(
    "repairs", List(String()), "What apply would do to have it as declared; empty where all is well.", computed=True
)
ID = Attribute("id", String(), "Name, as `import` takes it.", computed=True)


class _Gantry(Resource):  # type: ignore[misc]
    """What all resources share."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider

    def host(self, values: Mapping[str, Any]) -> Host:
        """The environment that a resource belongs to."""
        return Host(values["environment"], self.provider.state_directory)

    def validate(self, diags: Diagnostics, type_name: str, config: State) -> None:
        """The framework's own checks, then the contract's."""
        Resource.validate(self, diags, type_name, config)
        if not diags.has_errors():
            values = checks.known(config)
            if name := values.get("environment"):
                checks.tell(diags, checks.environment(name))
            self.check(diags, config, values)

    def check(self, diags: Diagnostics, config: State, values: State) -> None:
        """Report what is wrong with `values`, the part of `config` that is known."""

    def upgrade(self, ctx: Any, version: int, old: State) -> State:  # noqa: ARG002 (the framework's signature)
        """There was no other schema yet."""
        return old


def warn(diags: Diagnostics, warnings: list[str]) -> None:
    """Tell warnings of the machines."""
    for warning in warnings:
        diags.add_warning(warning.splitlines()[0], warning)


class GantryNetwork(_Gantry):
    """The bridge that an environment's machines meet on. Whatever is in it goes with it."""

    @classmethod
    def get_name(cls) -> str:
        """Without the provider's prefix."""
        return "network"

    @classmethod
    def get_schema(cls) -> Schema:
        """Its attributes."""
        return Schema(
            version=1,
            description="The bridge of an environment's machines, with address translation and the host's settings.",
            attributes=[
                ID,
                ENVIRONMENT,
                Attribute("cidr", String(), "The private network.", required=True, requires_replace=True),
                Attribute("bridge", String(), "Name of the bridge.", computed=True),
                Attribute("gateway", String(), "The host's address in it.", computed=True),
                REPAIRS,
            ],
        )

    def check(self, diags: Diagnostics, config: State, values: State) -> None:  # noqa: ARG002
        """Whether the network is private, and free on this host."""
        if "cidr" in values:
            checks.tell(diags, checks.network(values["cidr"]))
            if not diags.has_errors() and "environment" in values:
                with told(diags, f"network {values['cidr']}"):
                    self.host(values).refuse_network(values["cidr"])

    def _state(self, host: Host) -> State | None:
        network = host.record().network
        if not network:
            return None
        gateway = network.split("/", maxsplit=1)[0].rpartition(".")[0] + ".1"
        return {
            "id": host.environment,
            "environment": host.environment,
            "cidr": network,
            "bridge": f"gt-{host.environment}",
            "gateway": gateway,
            "repairs": host.network_repairs(),
        }

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """As it is on the host; None where it is no more."""
        with told(ctx.diagnostics, f"network of {current['environment']}"):
            return self._state(self.host(current))
        return current

    def plan(self, ctx: PlanContext, current: State | None, planned: State) -> State:  # noqa: ARG002
        """Repaired."""
        return {**planned, "repairs": []}

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Make it, or take over what is there."""
        with told(ctx.diagnostics, f"network {planned['cidr']}"):
            host = self.host(planned)
            warn(ctx.diagnostics, host.make_network(planned["cidr"]))
            return self._state(host)
        return None

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        """Repair it."""
        return self.create(ctx, planned) or current

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        """Remove it, and what an interrupted run may have left in it."""
        with told(ctx.diagnostics, f"network of {current['environment']}"):
            warn(ctx.diagnostics, self.host(current).remove_all())
            return None
        return current

    def import_(self, ctx: ImportContext, id: str) -> State | None:
        """By the environment's name."""
        with told(ctx.diagnostics, f"network of {id}"):
            if state := self._state(Host(id, self.provider.state_directory)):
                return state
            ctx.diagnostics.add_error(f"environment {id!r} has no network on this host")
        return None


_DECLARATION = [
    Attribute(
        "network", String(), "Network that the machines are in: `cidr` of it.", required=True, requires_replace=True
    ),
    Attribute("role", String(), "`control_plane` or `worker`.", required=True),
    Attribute("capacity", String(), "`on_demand` or `spot`.", optional=True, computed=True, default="on_demand"),
    Attribute("cpu", Number(), "Cores of each machine.", required=True),
    Attribute("memory", String(), "Memory of each machine, as a Kubernetes quantity.", required=True),
    Attribute("labels", Map(String()), "Labels of the nodes.", optional=True),
    Attribute("taints", List(TAINT), "Taints of the nodes.", optional=True),
    Attribute(
        "template",
        String(),
        "Directory that new machines are cloned from (`path` of `gantry_image`); one that is there keeps its own.",
        required=True,
    ),
]
_SAME = ("role", "capacity", "cpu", "memory", "labels", "taints")


class _Machines(_Gantry):
    """What pools and single machines share."""

    POOL: ClassVar[str]
    """The attribute with the pool's name."""

    def count(self, values: Mapping[str, Any]) -> tuple[int, int]:
        """How many machines, and the index of the first."""
        raise NotImplementedError

    def declared(self, values: Mapping[str, Any]) -> Any:
        """As the module has it."""
        count, first = self.count(values)
        return pool_of(values, count, first)

    def what(self, values: Mapping[str, Any]) -> str:
        """In words, for errors."""
        raise NotImplementedError

    def shape(self, values: State, view: View) -> State:
        """The computed attributes."""
        raise NotImplementedError

    def check(self, diags: Diagnostics, config: State, values: State) -> None:
        """The contract's rules of a node pool, then whether this host can have it."""
        size = {key: values[key] for key in ("cpu", "memory") if key in values}
        asked = {name for name in config if config[name] is not None} - set(values)
        pool = {
            "name": values.get(self.POOL, "unknown"),
            "role": values.get("role", "worker"),
            "capacity": values.get("capacity", "on_demand"),
            "count": self.count(values)[0],
            "size": {"cpu": 1, "memory": "4Gi"} | size,
            "labels": values.get("labels", {}),
            "taints": [{k: v for k, v in taint.items() if v is not None} for taint in values.get("taints", [])],
        }
        checks.tell(diags, checks.pool(pool))
        if not diags.has_errors() and not asked & {self.POOL, "network", "environment", "nodes", "index"} and size:
            with told(diags, self.what(values)):
                declared = self.declared({"cpu": 1, "memory": "1Gi", "role": "worker"} | values)
                self.host(values).refuse(values["network"], declared)

    def read(self, ctx: ReadContext, current: State) -> State | None:
        """As it is on the host: what others changed shows, and what is broken is in `repairs`."""
        with told(ctx.diagnostics, self.what(current)):
            pool = self.declared(current)
            host = self.host(current)
            view = host.look(host.record().network or current["network"], pool, current["template"])
            if not view.machines and pool.count:
                return None
            return self.shape({**current, **self._drifted(current, view)}, view)
        return current

    def _drifted(self, current: State, view: View) -> State:
        """Attributes that the record has otherwise."""
        wanted = recorded_like(current)
        for machine in view.machines:
            found = recorded(machine)
            if differing := {name: found[name] for name in _SAME if found[name] != wanted[name]}:
                return differing
        return {}

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        """Make its machines, or take over those that are there."""
        with told(ctx.diagnostics, self.what(planned)):
            return self._made(ctx.diagnostics, planned)
        return None

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        """Change and repair its machines."""
        with told(ctx.diagnostics, self.what(planned)):
            return self._made(ctx.diagnostics, planned)
        return current

    def _made(self, diags: Diagnostics, planned: State) -> State:
        host, pool = self.host(planned), self.declared(planned)
        before = host.look(planned["network"], pool, planned["template"])
        unwanted = before.beyond if planned.get("remove_surplus") else ()
        warn(diags, host.make(planned["network"], pool, planned["template"], unwanted))
        return self.shape(planned, host.look(planned["network"], pool, planned["template"]))


def unasked(current: State | None, all_there: bool, none_beyond: bool) -> State:
    """What stays as it was, since nothing would come of another value.

    A template is for machines that are yet to be made, and `remove_surplus` for machines that are beyond.
    """
    kept: State = {}
    if current and all_there and Path(current["template"]).is_dir():
        kept["template"] = current["template"]
    if current and none_beyond and "remove_surplus" in current:
        kept["remove_surplus"] = current["remove_surplus"]
    return kept


def recorded_like(values: Mapping[str, Any]) -> State:
    """A declaration in the form that a record gives, so that both can be compared."""
    return {
        **{name: values[name] for name in ("role", "memory")},
        "cpu": float(values["cpu"]),
        "capacity": values.get("capacity") or "on_demand",
        "labels": dict(values.get("labels") or {}),
        "taints": [{k: taint.get(k) or "" for k in ("key", "value", "effect")} for taint in values.get("taints") or ()],
    }


class GantryNodePool(_Machines):
    """A node pool: as many machines of one kind as it says, named `<environment>-<name>-<index>`."""

    POOL = "name"

    @classmethod
    def get_name(cls) -> str:
        """Without the provider's prefix."""
        return "node_pool"

    @classmethod
    def get_schema(cls) -> Schema:
        """Its attributes."""
        return Schema(
            version=1,
            description="A node pool of machines of one kind.",
            attributes=[
                ID,
                ENVIRONMENT,
                Attribute("name", String(), "Name of the pool.", required=True, requires_replace=True),
                *_DECLARATION,
                Attribute("nodes", Number(), "How many machines.", required=True),
                Attribute(
                    "remove_surplus",
                    Bool(),
                    "Whether machines beyond `nodes` are removed. Drain their nodes before.",
                    optional=True,
                    computed=True,
                    default=False,
                ),
                Attribute("machines", Map(MACHINE), "Name to address and state.", computed=True),
                Attribute("surplus", List(String()), "Names of machines beyond `nodes`, which run on.", computed=True),
                REPAIRS,
            ],
        )

    def count(self, values: Mapping[str, Any]) -> tuple[int, int]:
        """As many as it says."""
        return int(values.get("nodes", 0)), 1

    def what(self, values: Mapping[str, Any]) -> str:
        """In words."""
        return f"node pool {values['name']} of {values['environment']}"

    def shape(self, values: State, view: View) -> State:
        """With its machines."""
        return {
            **values,
            "id": f"{values['environment']}/{values['name']}",
            "machines": view.states(),
            "surplus": list(view.beyond),
            "repairs": list(view.repairs),
        }

    def plan(self, ctx: PlanContext, current: State | None, planned: State) -> State:  # noqa: ARG002
        """Which machines there will be: those that come are named, their addresses not known yet."""
        there, nodes = (current or {}).get("machines") or {}, planned["nodes"]
        if nodes is Unknown:
            return {**planned, "machines": Unknown, "surplus": Unknown, "repairs": []}
        names = [f"{planned['environment']}-{planned['name']}-{index}" for index in range(1, int(nodes) + 1)]
        recorded_names = [*there, *((current or {}).get("surplus") or [])]
        beyond = [name for name in recorded_names if name not in names]
        planned = {**planned, **unasked(current, there.keys() >= set(names), not beyond)}
        beyond = [] if planned["remove_surplus"] else beyond
        machines = {
            name: {"address": there.get(name, {}).get("address", Unknown), "state": "running"} for name in names
        }
        return {**planned, "machines": machines, "surplus": beyond, "repairs": []}

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        """Remove its machines, also those beyond."""
        with told(ctx.diagnostics, self.what(current)):
            host = self.host(current)
            names = [machine.name for machine in host.record().machines if machine.pool == current["name"]]
            warn(ctx.diagnostics, host.remove(names))
            return None
        return current

    def import_(self, ctx: ImportContext, id: str) -> State | None:
        """By `<environment>/<name>`."""
        environment, _, name = id.partition("/")
        with told(ctx.diagnostics, f"node pool {id}"):
            host = Host(environment, self.provider.state_directory)
            record = host.record()
            mine = [machine for machine in record.machines if machine.pool == name]
            if not mine:
                known = ", ".join(sorted({f"{environment}/{m.pool}" for m in record.machines})) or "none"
                ctx.diagnostics.add_error(f"there is no node pool {id!r} on this host", f"There are {known}.")
                return None
            values = {
                "environment": environment,
                "name": name,
                "network": record.network,
                "nodes": len(mine),
                "remove_surplus": False,
                "template": record.templates[mine[0].name],
                **recorded(mine[0]),
            }
            return self.shape(values, host.look(record.network, self.declared(values), values["template"]))
        return None


class GantryMachine(_Machines):
    """One machine, for those who declare machines one by one; its pool is then no `gantry_node_pool`'s."""

    POOL = "pool"

    @classmethod
    def get_name(cls) -> str:
        """Without the provider's prefix."""
        return "machine"

    @classmethod
    def get_schema(cls) -> Schema:
        """Its attributes."""
        return Schema(
            version=1,
            description="One machine, named `<environment>-<pool>-<index>`.",
            attributes=[
                ID,
                ENVIRONMENT,
                Attribute("pool", String(), "Name of its pool.", required=True, requires_replace=True),
                Attribute("index", Number(), "Its number in the pool, from 1.", required=True, requires_replace=True),
                *_DECLARATION,
                Attribute("name", String(), "Its name, also as a node.", computed=True),
                Attribute("address", String(), "Its address.", computed=True),
                Attribute("state", String(), "`running` or `stopped`.", computed=True),
                REPAIRS,
            ],
        )

    def count(self, values: Mapping[str, Any]) -> tuple[int, int]:
        """One."""
        return 1, int(values.get("index", 1))

    def what(self, values: Mapping[str, Any]) -> str:
        """In words."""
        return f"machine {values['environment']}-{values['pool']}-{values['index']}"

    def shape(self, values: State, view: View) -> State:
        """With its address."""
        name = f"{values['environment']}-{values['pool']}-{int(values['index'])}"
        found = view.states().get(name, {"address": None, "state": "stopped"})
        key = f"{values['environment']}/{values['pool']}/{int(values['index'])}"
        return {**values, "id": key, "name": name, **found, "repairs": list(view.repairs)}

    def check(self, diags: Diagnostics, config: State, values: State) -> None:
        """An index is a whole number from 1."""
        index = values.get("index", 1)
        if index != int(index) or index < 1:
            diags.add_error(f"index {index} is not a whole number from 1", "Remedy: count from 1.", path=["index"])
        super().check(diags, config, values)

    def plan(self, ctx: PlanContext, current: State | None, planned: State) -> State:  # noqa: ARG002
        """Running."""
        return {**planned, **unasked(current, all_there=True, none_beyond=True), "state": "running", "repairs": []}

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        """Remove it."""
        with told(ctx.diagnostics, self.what(current)):
            warn(ctx.diagnostics, self.host(current).remove([current["name"]]))
            return None
        return current

    def import_(self, ctx: ImportContext, id: str) -> State | None:
        """By `<environment>/<pool>/<index>`."""
        environment, pool, index = [*id.split("/"), "", ""][:3]
        with told(ctx.diagnostics, f"machine {id}"):
            host = Host(environment, self.provider.state_directory)
            record = host.record()
            found = next((m for m in record.machines if m.name == f"{environment}-{pool}-{index}"), None)
            if found is None or not index.isdigit():
                known = ", ".join(machine.name for machine in record.machines) or "none"
                ctx.diagnostics.add_error(f"there is no machine {id!r} on this host", f"There are {known}.")
                return None
            values = {
                "environment": environment,
                "pool": pool,
                "index": int(index),
                "network": record.network,
                "template": record.templates[found.name],
                **recorded(found),
            }
            return self.shape(values, host.look(record.network, self.declared(values), values["template"]))
        return None
