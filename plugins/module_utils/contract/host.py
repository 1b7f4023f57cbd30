"""What this host must have for the drivers `machines` and `servers`. Pure: all that is known of it is in HostFacts."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import GIB, Contract
from ansible_collections.gantry.platform.plugins.module_utils.contract.rules import release

HOST_MEMORY = GIB
"""Bytes that the host keeps for itself."""
FREE_SHARE = 0.5
"""Part of the machines' memory that must be free when they start; their sizes are limits, not what they use at rest."""
COLD_BUNDLE_DISK = 20 * GIB
"""Bytes that building the whole bundle takes at its height, caches of the build included."""
MACHINE_DISK = 2 * GIB
"""Bytes that a machine takes with its images and volumes."""
LEAST_KERNEL = (5, 10)
"""Of the network's BPF programs."""


@dataclass(frozen=True)
class Feature:
    """A feature of the kernel: the options of its configuration and a module that brings it."""

    name: str
    option: str
    module: str
    why: str


FEATURES = (
    Feature("overlay file system", "CONFIG_OVERLAY_FS", "overlay", "machines and containers are layers"),
    Feature("bridge", "CONFIG_BRIDGE", "bridge", "machines meet on a bridge"),
    Feature("bridge netfilter", "CONFIG_BRIDGE_NETFILTER", "br_netfilter", "services work on bridged traffic"),
    Feature("veth", "CONFIG_VETH", "veth", "machines and pods have network interfaces"),
    Feature("vxlan", "CONFIG_VXLAN", "vxlan", "the pod network spans machines"),
    Feature("nf_tables", "CONFIG_NF_TABLES", "nf_tables", "addresses are translated"),
    Feature("iptables on nf_tables", "CONFIG_NFT_COMPAT", "nft_compat", "kube-proxy and the mesh use iptables"),
    Feature("address translation", "CONFIG_NF_NAT", "nf_nat", "machines reach other networks"),
    Feature("connection tracking", "CONFIG_NF_CONNTRACK", "nf_conntrack", "services keep their connections"),
    Feature("BPF system call", "CONFIG_BPF_SYSCALL", "", "the network's policies are BPF programs"),
    Feature("BPF in traffic control", "CONFIG_NET_CLS_BPF", "cls_bpf", "the network's policies are BPF programs"),
    Feature("BPF in cgroups", "CONFIG_CGROUP_BPF", "", "the network's policies are BPF programs"),
    Feature("memory cgroup", "CONFIG_MEMCG", "", "sizes of machines are enforced"),
    Feature("pids cgroup", "CONFIG_CGROUP_PIDS", "", "pods are bounded"),
    Feature("CPU bandwidth", "CONFIG_CFS_BANDWIDTH", "", "sizes of machines are enforced"),
)


@dataclass(frozen=True)
class Listener:
    """A TCP socket that listens on the host."""

    host: str
    port: int
    process: str
    environment: str = ""


@dataclass(frozen=True)
class Route:
    """A network that the host is in or has a route to, and by which interface."""

    network: ipaddress.IPv4Network
    interface: str


@dataclass(frozen=True)
class Disk:
    """A file system: bytes free at a path. `device` tells file systems apart."""

    path: str
    device: int
    free: int


@dataclass(frozen=True)
class HostFacts:
    """What is known of the host. Sizes in bytes.

    `features`: for each name in FEATURES whether the kernel has it, None where that cannot be told.
    `adopted`: the environment's machines are recorded on this host, so their memory, disk and networks are its own.
    `running`: the Kubernetes version that answers now; empty where none does.
    `interrupted`: the version of an upgrade that was not finished; empty where there is none.
    `upgrading`: whether this run is to upgrade.
    """

    user: int
    cpus: int
    memory: int
    memory_free: int
    state_disk: Disk
    cache_disk: Disk
    bundle_cached: bool
    kernel: str
    features: dict[str, bool | None]
    listeners: tuple[Listener, ...]
    routes: tuple[Route, ...]
    nameservers: tuple[str, ...]
    package_manager: bool
    adopted: bool
    running: str = ""
    interrupted: str = ""
    upgrading: bool = False


Rule = Callable[[Contract, HostFacts], Iterable[Mistake]]


def check(contract: Contract, present: Collection[str], facts: HostFacts) -> list[Mistake]:
    """All mistakes. `present`: the fields of the contract that could be read; rules that need others are not asked."""
    rules = [*_EVERYWHERE, *_OF_DRIVER.get(contract.platform_driver, ())]
    return [
        mistake
        for fields, rule in rules
        if {f"platform_{field}" for field in fields} <= set(present)
        for mistake in rule(contract, facts)
    ]


def _user(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:  # noqa: ARG001 (one signature for all)
    if facts.user != 0:
        problem = "is not root: machines, their network and their cgroups are made by root alone"
        yield Mistake("user", f"uid {facts.user}", problem, "run it with sudo, or as root")


def _packages(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:  # noqa: ARG001
    if not facts.package_manager:
        problem = "is not there: the machines' template and the bundle are made from Debian packages"
        yield Mistake("apt-get", "absent", problem, "use a Debian or Ubuntu host, or another platform_driver")


def _sizes(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:
    total = 0
    for index, pool in enumerate(contract.platform_node_pools):
        if pool.size is None:  # the contract's own rules say so
            continue
        total += pool.size.memory_bytes * pool.count
        if pool.size.cpu > facts.cpus:
            yield Mistake(
                f"platform_node_pools[{index}].size.cpu (pool {pool.name})",
                f"{pool.size.cpu:g}",
                f"is more than this host has ({facts.cpus})",
                f"make it at most {facts.cpus}",
            )
    if total + HOST_MEMORY > facts.memory:
        yield Mistake(
            "platform_node_pools",
            f"{_gib(total)} in all",
            f"is more memory than this host can give: of {_gib(facts.memory)} it keeps {_gib(HOST_MEMORY)} for itself",
            f"lower size.memory or count of the pools to at most {_gib(max(facts.memory - HOST_MEMORY, 0))} in all",
        )


def _memory_free(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:
    total = sum(pool.size.memory_bytes * pool.count for pool in contract.platform_node_pools if pool.size)
    needed = int(total * FREE_SHARE)
    if not facts.adopted and facts.memory >= total + HOST_MEMORY and facts.memory_free < needed:
        yield Mistake(
            "memory",
            f"{_gib(facts.memory_free)} free",
            f"is too little: machines of {_gib(total)} need at least {_gib(needed)} to start",
            "stop what uses the memory (other environments too: make destroy), or lower size.memory of the pools",
        )


def _disk(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:
    state = 0 if facts.adopted else MACHINE_DISK * sum(pool.count for pool in contract.platform_node_pools)
    cache = 0 if facts.bundle_cached else COLD_BUNDLE_DISK
    needs = [(facts.state_disk, state, "the machines"), (facts.cache_disk, cache, "building the bundle")]
    for device in sorted({disk.device for disk, _, _ in needs}):
        here = [(disk, size, what) for disk, size, what in needs if disk.device == device and size]
        if here and here[0][0].free < sum(size for _, size, _ in here):
            yield Mistake(
                f"disk of {here[0][0].path}",
                f"{_gib(here[0][0].free)} free",
                f"is too little: {' and '.join(f'{what} take {_gib(size)}' for _, size, what in here)}",
                "free some space there, or set XDG_CACHE_HOME to a larger file system for the bundle",
            )


def _kernel(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:  # noqa: ARG001
    if release(facts.kernel)[:2] < LEAST_KERNEL:
        problem = "is older than what the network's BPF programs need"
        yield Mistake("kernel", facts.kernel, problem, f"boot a kernel from {'.'.join(map(str, LEAST_KERNEL))} on")
    for feature in FEATURES:
        if facts.features.get(feature.name) is False:
            module = f" and the module {feature.module}" if feature.module else ""
            yield Mistake(
                f"kernel feature {feature.name}",
                "absent",
                f"is missing in kernel {facts.kernel}: {feature.why}",
                f"boot a kernel with {feature.option}{module}, such as the distribution's own",
            )


def _ports(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:
    """The registry is all that listens on the host itself: the gateway's ports are the machines' own."""
    address = contract.platform_registry_address
    for listener in facts.listeners:
        same = listener.port == address.port and listener.host in (address.host, "0.0.0.0", "::")  # noqa: S104
        if same and listener.environment != contract.platform_environment:
            owner = f"environment {listener.environment}" if listener.environment else listener.process
            yield Mistake(
                "platform_registry_address",
                str(address),
                f"is in use: {owner} listens on {listener.host}:{listener.port}",
                f"stop it, or choose another port, for example {address.host}:{address.port + 1}",
            )


def _routes(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:
    own = f"gt-{contract.platform_environment}"
    for name in ("machines", "pods", "services"):
        network: ipaddress.IPv4Network = getattr(contract.platform_networks, name)
        for route in facts.routes:
            if route.interface != own and route.network.overlaps(network):
                other = route.interface.removeprefix("gt-")
                owner = f"environment {other}" if other != route.interface else f"interface {route.interface}"
                yield Mistake(
                    f"platform_networks.{name}",
                    str(network),
                    f"overlaps {route.network}, which this host reaches by {owner}",
                    "choose a network that this host does not use, or remove the route",
                )
        for server in facts.nameservers:
            if ipaddress.ip_address(server) in network:
                yield Mistake(
                    f"platform_networks.{name}",
                    str(network),
                    f"holds {server}, this host's name server",
                    "choose another network",
                )


def _upgrade(contract: Contract, facts: HostFacts) -> Iterator[Mistake]:
    wanted, running = release(contract.platform_kubernetes_version), release(facts.running)
    ours = contract.platform_driver in ("machines", "servers")
    play = f"ansible-playbook playbooks/upgrade.yml -i inventories/{contract.platform_environment}"
    problem, remedy = "", ""
    if facts.interrupted and not facts.upgrading:
        problem, remedy = f"an upgrade to {facts.interrupted} was interrupted", f"finish it: {play}"
    elif not running:
        return
    elif wanted < running and (ours or wanted[:2] < running[:2]):
        problem = f"is older than what runs ({facts.running})"
        remedy = "keep what runs: there is no way back"
    elif wanted[0] != running[0] or wanted[1] > running[1] + 1:
        problem = f"skips a minor version: {facts.running} runs"
        remedy = f"upgrade to {running[0]}.{running[1] + 1} first"
    elif ours and wanted != running and not facts.upgrading:
        problem = f"is not what runs ({facts.running}), and site would swap it on all nodes at once"
        remedy = f"upgrade node by node: {play}; or keep {facts.running}"
    if problem:
        yield Mistake("platform_kubernetes_version", f'"{contract.platform_kubernetes_version}"', problem, remedy)


_EVERYWHERE: tuple[tuple[tuple[str, ...], Rule], ...] = ((("kubernetes_version", "driver", "environment"), _upgrade),)
_MACHINES: tuple[tuple[tuple[str, ...], Rule], ...] = (
    ((), _user),
    ((), _packages),
    ((), _kernel),
    (("node_pools",), _sizes),
    (("node_pools",), _memory_free),
    (("node_pools",), _disk),
    (("environment", "registry_address"), _ports),
    (("environment", "networks"), _routes),
)
"""Rules with the fields of the contract that they read."""
_SERVERS: tuple[tuple[tuple[str, ...], Rule], ...] = ((("environment", "registry_address"), _ports),)
"""Of the host that serves the registry to servers elsewhere."""
_OF_DRIVER = {"machines": _MACHINES, "servers": _SERVERS}


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB".replace(".0 GiB", " GiB")


def bundle_versions(root: Path) -> set[str]:
    """Kubernetes versions that the bundle provides: read from its Go modules, where alone versions stand."""
    found = set()
    for path in sorted(root.glob("go/kubernetes*/go.mod")):
        for line in path.read_text().splitlines():
            words = line.removeprefix("require ").split()
            if len(words) >= 2 and words[0] == "k8s.io/kubernetes" and words[1].startswith("v"):
                found.add(words[1].removeprefix("v"))
                break
    return found
