"""What must hold between the fields of a contract. Pure: nothing is asked of any host."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import combinations

from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import ABSENT, Mistake
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import GIB, Contract, NodePool

Rule = Callable[[Contract], Iterable[Mistake]]

POD_PREFIX = 24
"""Every node takes a network of this size for its pods."""
LEAST_MEMORY = {"control_plane": 2 * GIB, "worker": GIB}
"""Bytes that a node needs for its own services to run at all."""

_RULES: list[tuple[frozenset[str], Rule]] = []


def _needs(*fields: str) -> Callable[[Rule], Rule]:
    """Declares which fields a rule reads: without them it is not asked."""

    def register(rule: Rule) -> Rule:
        _RULES.append((frozenset(f"platform_{field}" for field in fields), rule))
        return rule

    return register


def check(contract: Contract, present: Collection[str], versions: Collection[str]) -> list[Mistake]:
    """All mistakes between fields. `present`: fields that could be read; `versions`: of Kubernetes, in the bundle."""
    mistakes = [mistake for fields, rule in _RULES if fields <= set(present) for mistake in rule(contract)]
    if "platform_kubernetes_version" in present:
        mistakes += _version(contract.platform_kubernetes_version, versions)
    return mistakes


def _version(wanted: str, versions: Collection[str]) -> Iterator[Mistake]:
    if versions and wanted not in versions:
        listed = ", ".join(sorted(versions, key=release))
        yield Mistake(
            "platform_kubernetes_version",
            f'"{wanted}"',
            f"is not provided by the bundle, which has {listed}",
            f"set it to {listed}, or lock that version in bundle/go/kubernetes-<minor>/go.mod",
        )


def release(version: str) -> tuple[int, ...]:
    """A version as numbers, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


@_needs("networks")
def _disjoint(contract: Contract) -> Iterator[Mistake]:
    networks = {name: getattr(contract.platform_networks, name) for name in ("machines", "pods", "services")}
    for (one, first), (other, second) in combinations(networks.items(), 2):
        if first.overlaps(second):
            yield Mistake(
                f"platform_networks.{other}",
                str(second),
                f"overlaps platform_networks.{one} ({first})",
                "choose networks that share no address, for example 10.90.0.0/24, 10.91.0.0/16 and 10.92.0.0/20",
            )


@_needs("networks", "node_pools")
def _large_enough(contract: Contract) -> Iterator[Mistake]:
    networks, nodes = contract.platform_networks, contract.nodes
    # Network, broadcast and the host's own address are taken.
    if (free := networks.machines.num_addresses - 3) < nodes:
        yield Mistake(
            "platform_networks.machines",
            str(networks.machines),
            f"is too small: it has {max(free, 0)} addresses for up to {nodes} nodes",
            f"make it at least a /{_prefix_for(nodes + 3)}, or lower the pools' max",
        )
    pods = 2 ** (POD_PREFIX - networks.pods.prefixlen) if networks.pods.prefixlen <= POD_PREFIX else 0
    if pods < nodes:
        yield Mistake(
            "platform_networks.pods",
            str(networks.pods),
            f"is too small: it has {pods} networks of /{POD_PREFIX} for up to {nodes} nodes",
            f"make it at least a /{_prefix_for(nodes * 256)}, or lower the pools' max",
        )


@_needs("networks")
def _services_fit(contract: Contract) -> Iterator[Mistake]:
    services = contract.platform_networks.services
    if services.prefixlen > 24:
        problem = f"is too small: it has {services.num_addresses} addresses for services"
        yield Mistake("platform_networks.services", str(services), problem, "make it at least a /24, better a /20")
    if services.prefixlen < 12:
        problem = "is larger than Kubernetes takes for services"
        yield Mistake("platform_networks.services", str(services), problem, "make it at most a /12")


def _prefix_for(addresses: int) -> int:
    return 32 - max(addresses - 1, 1).bit_length()


@_needs("driver", "networks", "registry_address")
def _registry(contract: Contract) -> Iterator[Mistake]:
    address, first = contract.platform_registry_address, next(contract.platform_networks.machines.hosts(), None)
    if contract.platform_driver == "machines" and address.host != str(first):
        yield Mistake(
            "platform_registry_address",
            str(address),
            f"is not at the first address of platform_networks.machines ({first}), where this host stands",
            f"set it to {first}:{address.port}",
        )


@_needs("driver", "registry_address")
def _registry_port(contract: Contract) -> Iterator[Mistake]:
    ours = contract.platform_driver in ("machines", "servers")
    if ours and (port := contract.platform_registry_address.port) < 1024:
        problem = f"has port {port}, which belongs to the system"
        yield Mistake(
            "platform_registry_address", str(contract.platform_registry_address), problem, "take a port from 1024 on"
        )


@_needs("gateway_ports")
def _ports_differ(contract: Contract) -> Iterator[Mistake]:
    ports = contract.platform_gateway_ports
    if ports.http == ports.https:
        problem = "is the port of platform_gateway_ports.http too"
        yield Mistake(
            "platform_gateway_ports.https", str(ports.https), problem, "give each its own, as 30080 and 30443"
        )


@_needs("driver", "gateway_address")
def _gateway_address(contract: Contract) -> Iterator[Mistake]:
    if contract.platform_gateway_address and contract.platform_driver in ("machines", "servers"):
        yield Mistake(
            "platform_gateway_address",
            f'"{contract.platform_gateway_address}"',
            f"does not go with platform_driver '{contract.platform_driver}': its gateway is at the first control plane",
            "remove it",
        )


@_needs("driver", "provisioner")
def _provisioner(contract: Contract) -> Iterator[Mistake]:
    if contract.platform_provisioner == "terraform" and contract.platform_driver not in ("machines", "aws"):
        yield Mistake(
            "platform_provisioner",
            '"terraform"',
            f"does not go with platform_driver '{contract.platform_driver}'",
            "set it to native: what exists already is not made by Terraform",
        )


@_needs("node_pools")
def _names_differ(contract: Contract) -> Iterator[Mistake]:
    counts = Counter(pool.name for pool in contract.platform_node_pools)
    for index, pool in enumerate(contract.platform_node_pools):
        first = next(i for i, other in enumerate(contract.platform_node_pools) if other.name == pool.name)
        if counts[pool.name] > 1 and index != first:
            problem = f"is the name of platform_node_pools[{first}] too"
            yield Mistake(
                f"platform_node_pools[{index}].name", f'"{pool.name}"', problem, "give every pool its own name"
            )


@_needs("driver", "node_pools")
def _control_plane(contract: Contract) -> Iterator[Mistake]:
    if contract.platform_driver not in ("machines", "servers"):
        return
    planes = [pool for pool in contract.platform_node_pools if pool.role == "control_plane"]
    count = sum(pool.count for pool in planes)
    if count == 0:
        yield Mistake(
            "platform_node_pools",
            f"{len(contract.platform_node_pools)} pools, 0 control planes",
            "has no control plane",
            "add a pool with role: control_plane and count: 1",
        )
    elif count % 2 == 0:
        yield Mistake(
            "platform_node_pools",
            f"{count} control planes in {', '.join(pool.name for pool in planes)}",
            "has an even number of control planes: etcd gains no safety from the last one and stops with half of them",
            f"make it {count - 1} or {count + 1}",
        )


def _each(rule: Callable[[NodePool], Iterable[tuple[str, str, str, str]]]) -> Rule:
    """A rule of every pool for itself: yields (key, value, problem, remedy)."""

    def every(contract: Contract) -> Iterator[Mistake]:
        for index, pool in enumerate(contract.platform_node_pools):
            for key, value, problem, remedy in rule(pool):
                yield Mistake(f"platform_node_pools[{index}].{key} (pool {pool.name})", value, problem, remedy)

    return every


@_needs("node_pools")
@_each
def _control_plane_kind(pool: NodePool) -> Iterator[tuple[str, str, str, str]]:
    if pool.role == "control_plane":
        if pool.capacity == "spot":
            yield "capacity", '"spot"', "would let the control plane vanish at any time", "set it to on_demand"
        if pool.least != pool.most:
            problem = "would scale the control plane, whose number is fixed"
            yield "max", str(pool.most), problem, "remove min and max"


@_needs("node_pools")
@_each
def _bounds(pool: NodePool) -> Iterator[tuple[str, str, str, str]]:
    if pool.least > pool.most:
        yield "min", str(pool.least), f"is above max ({pool.most})", "lower min or raise max"
    elif not pool.least <= pool.count <= pool.most:
        problem = f"is not between min ({pool.least}) and max ({pool.most})"
        yield "count", str(pool.count), problem, "choose a count between them"


@_needs("node_pools")
@_each
def _spot(pool: NodePool) -> Iterator[tuple[str, str, str, str]]:
    if pool.on_demand_floor and pool.capacity != "spot":
        problem = "says something about spot capacity, but the pool is on demand"
        yield "on_demand_floor", str(pool.on_demand_floor), problem, "remove it, or set capacity: spot"
    elif pool.on_demand_floor > pool.most:
        problem = f"is more than the pool can have ({pool.most})"
        yield "on_demand_floor", str(pool.on_demand_floor), problem, f"make it at most {pool.most}"


@_needs("node_pools")
@_each
def _repeats(pool: NodePool) -> Iterator[tuple[str, str, str, str]]:
    for (key, effect), count in Counter((taint.key, taint.effect) for taint in pool.taints).items():
        if count > 1:
            yield "taints", f"{key}:{effect}", f"is there {count} times", "keep one of them"
    for field in ("zones", "instance_types"):
        for value, count in Counter(getattr(pool, field)).items():
            if count > 1:
                yield field, f'"{value}"', f"is there {count} times", "keep one of them"


@_needs("node_pools")
@_each
def _memory(pool: NodePool) -> Iterator[tuple[str, str, str, str]]:
    least = LEAST_MEMORY[pool.role]
    if pool.size and pool.size.memory_bytes < least:
        problem = f"is too little for a node of role {pool.role}"
        yield "size.memory", f'"{pool.size.memory}"', problem, f"give it at least {least // GIB}Gi"


@_needs("driver", "node_pools")
def _driver_fields(contract: Contract) -> Iterator[Mistake]:
    needed = {"machines": ("size", "{cpu: 2, memory: 4Gi}"), "aws": ("instance_types", "[m7i.large]")}
    if contract.platform_driver not in needed:
        return
    field, example = needed[contract.platform_driver]
    for index, pool in enumerate(contract.platform_node_pools):
        if not getattr(pool, field):
            yield Mistake(
                f"platform_node_pools[{index}].{field} (pool {pool.name})",
                "absent",
                f"is needed with platform_driver '{contract.platform_driver}'",
                f"add '{field}: {example}'",
            )


@_needs("driver", "aws")
def _aws(contract: Contract) -> Iterator[Mistake]:
    if contract.platform_driver == "aws" and contract.platform_aws is None:
        problem = "is needed with platform_driver 'aws'"
        yield Mistake("platform_aws", ABSENT, problem, "add it as docs/inventory.md shows")
    elif contract.platform_driver != "aws" and contract.platform_aws is not None:
        problem = f"says something about AWS, but platform_driver is '{contract.platform_driver}'"
        yield Mistake("platform_aws", contract.platform_aws.region, problem, "remove it, or set platform_driver to aws")


@_needs("driver", "aws", "networks")
def _aws_networks(contract: Contract) -> Iterator[Mistake]:
    if contract.platform_driver != "aws":
        return
    networks = contract.platform_networks
    for name, network, least, most in (("machines", networks.machines, 22, 16), ("pods", networks.pods, 20, 16)):
        if not most <= network.prefixlen <= least:
            problem = f"is not of a size that becomes a network of AWS with three zones (/{most} to /{least})"
            yield Mistake(f"platform_networks.{name}", str(network), problem, f"make it a /{most}")
    if networks.services.subnet_of(ipaddress.IPv4Network("100.64.0.0/10")):
        problem = "is of 100.64.0.0/10, where EKS takes no network for services"
        yield Mistake("platform_networks.services", str(networks.services), problem, "take one of 10.0.0.0/8")


@_needs("driver", "aws", "node_pools")
def _aws_pools(contract: Contract) -> Iterator[Mistake]:
    if contract.platform_driver != "aws":
        return
    for index, pool in enumerate(contract.platform_node_pools):
        place = f"platform_node_pools[{index}]"
        if pool.role == "control_plane":
            problem = "asks for a control plane, which EKS brings itself"
            yield Mistake(f"{place}.role (pool {pool.name})", '"control_plane"', problem, "remove the pool")
        for zone in pool.zones if contract.platform_aws else ():
            if zone not in (known := contract.platform_aws.zones if contract.platform_aws else []):
                problem = "is none of platform_aws.zones"
                remedy = f"choose from {', '.join(known)}"
                yield Mistake(f"{place}.zones (pool {pool.name})", f'"{zone}"', problem, remedy)
        if pool.capacity == "spot" and len(pool.instance_types) == 1:
            problem = "is the only type of a spot pool: where it runs out, the pool stands empty"
            remedy = "name several of one size, for example [m7i.large, m6i.large, m7a.large]"
            yield Mistake(f"{place}.instance_types (pool {pool.name})", str(pool.instance_types), problem, remedy)


@_needs("node_pools")
def _takes_work(contract: Contract) -> Iterator[Mistake]:
    steady = [
        pool
        for pool in contract.platform_node_pools
        if pool.count
        and pool.capacity == "on_demand"
        and not any(taint.effect in ("NoSchedule", "NoExecute") for taint in pool.taints)
    ]
    if contract.platform_node_pools and not steady:
        yield Mistake(
            "platform_node_pools",
            f"{len(contract.platform_node_pools)} pools",
            "has no on-demand node without a taint, so the platform's own pods would have no place",
            "add an on_demand pool, or remove the taints of one",
        )
