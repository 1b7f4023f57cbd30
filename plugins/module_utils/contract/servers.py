"""What servers must be that an inventory lists for the driver `servers`. Pure: what they answered comes in as text.

They are looked at before anything is touched, and may lack Python: the question is a script of a POSIX shell that reads
only, its answer lines of `<key><tab><value>`.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.contract.host import FEATURES, LEAST_KERNEL
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import ABSENT, Mistake
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import GIB, Contract
from ansible_collections.gantry.platform.plugins.module_utils.contract.rules import LEAST_MEMORY, release

SYSTEMS = {"debian 12": "Debian 12", "debian 13": "Debian 13"}
"""What is supported, as /etc/os-release says it."""
ARCHITECTURE = "x86_64"
"""Of the bundle's binaries."""
LEAST_DISK = 5 * GIB
"""Bytes free below /var/lib for images, containers, etcd and volumes."""
CLOCK_SECONDS = 10
"""How far a clock may be from the controller's, the time of the question itself included."""
SHOWN_TEXT = 160
NODE_PORTS = {10250: "the kubelet", 10248: "the kubelet", 10249: "kube-proxy", 10256: "kube-proxy"}
CONTROL_PLANE_PORTS = {
    6443: "the API server",
    2379: "etcd",
    2380: "etcd",
    2381: "etcd",
    10257: "the controller manager",
    10259: "the scheduler",
}
TRACES = ("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/admin.conf", "/var/lib/etcd/member")
"""What a Kubernetes leaves behind, ours or another's."""
RECORD = "/var/lib/gantry/server.json"
"""What the role `servers` records on a server: {environment, …}."""

_SCRIPT = r"""
say() { printf '%s\t%s\n' "$1" "$2"; }
say clock "$(date +%s)"
say user "$(id -u)"
say system "$(. /etc/os-release 2>/dev/null; echo "$ID $VERSION_ID")"
say architecture "$(uname -m)"
say kernel "$(uname -r)"
say init "$(cat /proc/1/comm)"
say cpus "$(nproc)"
say memory "$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)"
say disk "$(df -Pk /var/lib | tail -n 1)"
say machine "$(cat /etc/machine-id 2>/dev/null)"
say addresses "$(hostname -I)"
say python "$(command -v python3)"
say record "$(cat @RECORD@ 2>/dev/null | tr -d '\n')"
for path in @TRACES@; do [ ! -e "$path" ] || say trace "$path"; done
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ address _ state _; do
  [ "$state" != 0A ] || say listens "$address"
done
if command -v ss >/dev/null; then ss -Hltnp 2>/dev/null | while read -r line; do say socket "$line"; done; fi
release=$(uname -r)
for module in @MODULES@; do [ ! -e "/sys/module/$module" ] || say module "$module"; done
for file in "/lib/modules/$release/modules.dep" "/lib/modules/$release/modules.builtin"; do
  [ -f "$file" ] || continue
  say modules known
  sed 's/:.*//; s|.*/||; s/\.ko.*//' "$file" | tr - _ | grep -xE '@EITHER@' | while read -r name; do
    say module "$name"
  done
done
{ zcat /proc/config.gz || cat "/boot/config-$release"; } 2>/dev/null | grep -E '^(@OPTIONS@)=[ym]$' |
  while read -r line; do say option "$line"; done
if [ -n @HOST@ ]; then
  said=$(timeout 4 bash -c '</dev/tcp/'@HOST@/@PORT@ 2>&1)
  case $? in 0) say registry answers ;; 124) say registry "no answer within 4 s" ;; *) say registry "$said" ;; esac
fi
say end "$(date +%s)"
"""


def script(registry: str) -> str:
    """The question. `registry`: host:port that the server must reach, or nothing."""
    host, _, port = registry.rpartition(":")
    modules = [feature.module for feature in FEATURES if feature.module]
    values = {
        "RECORD": shlex.quote(RECORD),
        "TRACES": " ".join(map(shlex.quote, TRACES)),
        "MODULES": " ".join(modules),
        "EITHER": "|".join(modules),
        "OPTIONS": "|".join(feature.option for feature in FEATURES),
        "HOST": shlex.quote(host),
        "PORT": shlex.quote(port),
    }
    return re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], _SCRIPT.strip())


@dataclass(frozen=True)
class Answer:
    """What a server said of itself. Sizes in bytes, `clock` in seconds of the epoch.

    `features`: for each name in FEATURES whether the kernel has it, None where that cannot be told.
    `listeners`: port → the process that listens there, as far as it is known. `registry`: `answers`, or why not.
    """

    clock: int
    user: int
    system: str
    architecture: str
    kernel: str
    init: str
    cpus: int
    memory: int
    disk: int
    machine: str
    addresses: tuple[str, ...]
    environment: str
    traces: tuple[str, ...]
    listeners: Mapping[int, str]
    features: Mapping[str, bool | None]
    registry: str = ""


@dataclass(frozen=True)
class Server:
    """A host of the inventory's group `servers`: what the inventory says of it, and its answer or why there is none.

    `asked`: the controller's clock when it was asked, in seconds of the epoch.
    """

    name: str
    pool: str
    address: str
    user: str = ""
    answer: Answer | None = None
    asked: int = 0
    unreachable: str = ""
    refused: str = ""


def parse(text: str) -> Answer:
    """An answer. Raises ValueError where it is not whole."""
    said: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        key, tab, value = line.partition("\t")
        if tab:
            said[key].append(value.strip())
    if "end" not in said:
        raise ValueError(f"its answer is not whole: {' '.join(text.split())[-SHOWN_TEXT:] or 'nothing'}")
    try:
        environment = str(json.loads(said["record"][0] or "{}").get("environment", ""))
    except (ValueError, AttributeError):
        environment = ""
    first = {key: values[0] for key, values in said.items()}
    return Answer(
        clock=int(first["clock"]),
        user=int(first["user"]),
        system=first["system"],
        architecture=first["architecture"],
        kernel=first["kernel"],
        init=first["init"],
        cpus=int(first["cpus"]),
        memory=int(first["memory"]) * 1024,
        disk=int(first["disk"].split()[3]) * 1024,
        machine=first["machine"],
        addresses=tuple(first["addresses"].split()),
        environment=environment,
        traces=tuple(said["trace"]),
        listeners=_listeners(said["listens"], said["socket"]),
        features=features(said["option"], set(said["module"]), bool(said["modules"])),
        registry=first.get("registry", ""),
    )


def _listeners(sockets: Iterable[str], shown: Iterable[str]) -> dict[int, str]:
    """Ports of sockets as /proc/net/tcp shows them, with the process that ss tells where it is there."""
    owners = {}
    for line in shown:
        if (found := re.search(r":(\d+)\s+\S+\s*(.*)", line)) and (
            name := re.search(r'\(\("([^"]+)",pid=(\d+)', found[2])
        ):
            owners[int(found[1])] = f"{name[1]} (pid {name[2]})"
    ports = sorted({int(socket.rpartition(":")[2], 16) for socket in sockets})
    return {port: owners.get(port, "a process") for port in ports}


def features(options: Iterable[str], modules: Collection[str], known: bool) -> dict[str, bool | None]:
    """For each feature whether the kernel has it; None where the kernel does not tell.

    `options`: lines of its configuration, `modules`: loaded or loadable ones, `known`: whether these are all there are.
    """
    config = dict(line.split("=", 1) for line in options)

    def has(option: str, module: str) -> bool | None:
        if module and module in modules:
            return True
        setting = config.get(option, "n" if config else "")
        if setting == "m":
            return False if known else None
        return {"y": True, "n": False}.get(setting)

    return {feature.name: has(feature.option, feature.module) for feature in FEATURES}


def check(contract: Contract, present: Collection[str], servers: Sequence[Server]) -> list[Mistake]:
    """All mistakes. `present`: the fields of the contract that could be read; rules that need others are not asked."""
    mistakes = list(_listed(servers))
    if "platform_node_pools" in present:
        mistakes += _pools(contract, servers)
    mistakes += _addresses(servers)
    if "platform_networks" in present:
        mistakes += _networks(contract, servers)
    mistakes += _twins(servers)
    for server in servers:
        if server.answer is None:
            mistakes += _silent(server)
            continue
        for fields, rule in _RULES:
            if {f"platform_{name}" for name in fields} <= set(present):
                mistakes += rule(contract, server, server.answer)
    return mistakes


def _named(server: Server, what: str) -> str:
    return f"server {server.name}: {what}"


def _listed(servers: Sequence[Server]) -> Iterator[Mistake]:
    if not servers:
        remedy = "list the servers in hosts.yml, each with ansible_host and node_pool (docs/servers.md)"
        yield Mistake("hosts of group 'servers'", ABSENT, "is needed with platform_driver 'servers'", remedy)
    for server in servers:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", server.name):
            problem = "is the node's name too, and Kubernetes does not take it"
            yield Mistake(
                f"server {server.name}", f'"{server.name}"', problem, "use lower case letters, digits, dashes"
            )


def _pools(contract: Contract, servers: Sequence[Server]) -> Iterator[Mistake]:
    pools = {pool.name: pool for pool in contract.platform_node_pools}
    for server in servers:
        if server.pool not in pools:
            value = f'"{server.pool}"' if server.pool else ABSENT
            problem = "is none of platform_node_pools" if server.pool else "is needed: the pool that the server is of"
            yield Mistake(_named(server, "node_pool"), value, problem, f"choose one of {', '.join(pools)}")
    for index, pool in enumerate(contract.platform_node_pools):
        names = [server.name for server in servers if server.pool == pool.name]
        if servers and len(names) != pool.count:
            yield Mistake(
                f"platform_node_pools[{index}].count (pool {pool.name})",
                str(pool.count),
                f"is not the number of servers of the pool, {len(names)}: {', '.join(names) or 'none'}",
                f"set it to {len(names)}, or list other servers",
            )


def _addresses(servers: Sequence[Server]) -> Iterator[Mistake]:
    counts = Counter(server.address for server in servers)
    for server in servers:
        try:
            ipaddress.IPv4Address(server.address)
        except ValueError:
            problem = "is no IPv4 address, at which the other nodes could reach it"
            remedy = "set node_address to one (or ansible_host, where they are the same)"
            yield Mistake(_named(server, "node_address"), f'"{server.address}"', problem, remedy)
            continue
        if counts[server.address] > 1:
            others = ", ".join(o.name for o in servers if o.address == server.address and o.name != server.name)
            yield Mistake(
                _named(server, "node_address"), server.address, f"is that of {others} too", "give each its own"
            )
        if server.answer and server.address not in server.answer.addresses:
            has = ", ".join(server.answer.addresses) or "none"
            problem = f"is not among the server's own addresses ({has})"
            yield Mistake(_named(server, "node_address"), server.address, problem, "set it to one of them")


def _networks(contract: Contract, servers: Sequence[Server]) -> Iterator[Mistake]:
    network = contract.platform_networks.machines
    for server in servers:
        try:
            inside = ipaddress.IPv4Address(server.address) in network
        except ValueError:
            continue  # said already
        if not inside:
            problem = f"is not in platform_networks.machines ({network})"
            remedy = "make that the network in which the servers reach each other"
            yield Mistake(_named(server, "node_address"), server.address, problem, remedy)


def _twins(servers: Sequence[Server]) -> Iterator[Mistake]:
    seen: dict[str, str] = {}
    for server in servers:
        machine = server.answer.machine if server.answer else ""
        if machine and machine in seen:
            problem = f"is that of {seen[machine]} too: one was cloned from the other"
            remedy = "empty /etc/machine-id there and run systemd-machine-id-setup"
            yield Mistake(_named(server, "/etc/machine-id"), machine, problem, remedy)
        seen.setdefault(machine, server.name)


def _silent(server: Server) -> Iterator[Mistake]:
    if server.unreachable:
        remedy = "see that 'ssh' to it works from here without a question: address, user, key, known host"
        said = " ".join(server.unreachable.split())[:SHOWN_TEXT].rstrip(".")
        yield Mistake(_named(server, "ansible_host"), server.address, f"is not reached by SSH: {said}", remedy)
    elif server.refused:
        remedy = "let that user use sudo without a password, or give it with --ask-become-pass"
        said = " ".join(server.refused.split())[:SHOWN_TEXT].rstrip(".")
        yield Mistake(
            _named(server, "ansible_user"), server.user or "the present user", f"got no answer: {said}", remedy
        )


Rule = Callable[[Contract, Server, Answer], Iterable[Mistake]]


def _root(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:  # noqa: ARG001 (one signature)
    if answer.user:
        problem = "is not root there, and ansible_become is not set"
        remedy = "set ansible_become: true for it, or let Ansible come as root"
        yield Mistake(_named(server, "ansible_user"), f"uid {answer.user}", problem, remedy)


def _system(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:  # noqa: ARG001
    supported = ", ".join(SYSTEMS.values())
    if answer.system not in SYSTEMS:
        yield Mistake(
            _named(server, "system"), answer.system.strip() or "unknown", "is not supported", f"use one of {supported}"
        )
    if answer.architecture != ARCHITECTURE:
        problem = "is not what the bundle's binaries are for"
        yield Mistake(_named(server, "architecture"), answer.architecture, problem, f"use a server of {ARCHITECTURE}")
    if answer.init != "systemd":
        problem = "is process 1, where containerd and kubelet are services of systemd"
        yield Mistake(_named(server, "init"), answer.init, problem, "boot it with systemd")


def _kernel(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:  # noqa: ARG001
    if release(answer.kernel)[:2] < LEAST_KERNEL:
        least = ".".join(map(str, LEAST_KERNEL))
        problem = "is older than what the network's BPF programs need"
        yield Mistake(_named(server, "kernel"), answer.kernel, problem, f"boot a kernel from {least} on")
    for feature in FEATURES:
        if answer.features.get(feature.name) is False:
            yield Mistake(
                _named(server, f"kernel feature {feature.name}"),
                ABSENT,
                f"is missing in kernel {answer.kernel}: {feature.why}",
                f"boot a kernel with {feature.option}, such as the distribution's own",
            )


def _sizes(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:
    pool = next((pool for pool in contract.platform_node_pools if pool.name == server.pool), None)
    if pool is None:
        return
    needed = max(LEAST_MEMORY[pool.role], pool.size.memory_bytes if pool.size else 0)
    # A kernel keeps some of the memory that a server was bought with.
    if answer.memory < needed * 0.9:
        yield Mistake(
            _named(server, "memory"),
            f"{answer.memory / GIB:.1f} GiB",
            f"is too little for pool {pool.name}, which asks for {needed / GIB:.1f} GiB",
            "lower size.memory of the pool, or take a larger server",
        )
    if pool.size and answer.cpus < pool.size.cpu:
        problem = f"is less than pool {pool.name} asks for ({pool.size.cpu:g})"
        yield Mistake(_named(server, "cores"), str(answer.cpus), problem, "lower size.cpu, or take a larger server")


def _disk(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:
    if answer.environment != contract.platform_environment and answer.disk < LEAST_DISK:
        problem = f"is too little for images, containers and volumes ({LEAST_DISK / GIB:.0f} GiB)"
        yield Mistake(
            _named(server, "disk of /var/lib"), f"{answer.disk / GIB:.1f} GiB free", problem, "free some space there"
        )


def _owner(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:
    if answer.environment and answer.environment != contract.platform_environment:
        remedy = f"take another server, or destroy environment {answer.environment} first"
        problem = f"is a node of environment {answer.environment}"
        yield Mistake(f"server {server.name}", server.address, problem, remedy)
    elif answer.traces and not answer.environment:
        problem = "holds a Kubernetes that gantry.platform did not make"
        remedy = "take another server, or give that one up with 'kubeadm reset'"
        yield Mistake(f"server {server.name}", answer.traces[0], problem, remedy)


def _ports(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:
    if answer.environment:
        return
    pool = next((pool for pool in contract.platform_node_pools if pool.name == server.pool), None)
    gateway = contract.platform_gateway_ports
    needed = NODE_PORTS | {gateway.http: "the gateway", gateway.https: "the gateway"}
    if pool and pool.role == "control_plane":
        needed |= CONTROL_PLANE_PORTS
    for port, purpose in sorted(needed.items()):
        if port in answer.listeners:
            problem = f"is in use by {answer.listeners[port]}, where {purpose} is to listen"
            yield Mistake(_named(server, "port"), str(port), problem, "stop that process, or take another server")


def _clock(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:  # noqa: ARG001
    skew = answer.clock - server.asked
    if server.asked and abs(skew) > CLOCK_SECONDS:
        problem = "is off this host's: certificates and tokens would not be valid yet, or any more"
        remedy = "let both follow a time server, for example with systemd-timesyncd or chrony"
        yield Mistake(_named(server, "clock"), f"{skew:+d} s", problem, remedy)


def _registry(contract: Contract, server: Server, answer: Answer) -> Iterator[Mistake]:
    # Before the registry runs, a refused connection shows that its host is reached.
    if answer.registry not in ("", "answers") and "refused" not in answer.registry.lower():
        said = " ".join(answer.registry.split())[-SHOWN_TEXT:]
        problem = f"is not reached from server {server.name}: {said}"
        remedy = "give an address of this host that every server reaches, and let its port through firewalls"
        yield Mistake("platform_registry_address", str(contract.platform_registry_address), problem, remedy)


_RULES: tuple[tuple[tuple[str, ...], Rule], ...] = (
    ((), _root),
    ((), _system),
    ((), _kernel),
    (("node_pools",), _sizes),
    (("environment",), _disk),
    (("environment",), _owner),
    (("node_pools", "gateway_ports"), _ports),
    ((), _clock),
    (("registry_address",), _registry),
)
"""Rules of each server, with the fields of the contract that they read."""


def server(name: str, variables: Mapping[str, Any], looked: Mapping[str, Any]) -> Server:
    """A server from its variables in the inventory, and the result of the task that asked it."""
    answer, refused = None, str(looked.get("msg") or "")
    if looked.get("answer"):
        try:
            answer = parse(str(looked["answer"]))
        except (ValueError, KeyError, IndexError) as error:
            refused = str(error)
    return Server(
        name=name,
        pool=str(variables.get("node_pool") or ""),
        address=str(variables.get("node_address") or variables.get("ansible_host") or name),
        user=str(variables.get("ansible_user") or ""),
        answer=answer,
        asked=int(looked.get("asked") or 0),
        unreachable=refused or "no answer" if looked.get("unreachable") else "",
        refused=refused or "it was not asked",
    )
