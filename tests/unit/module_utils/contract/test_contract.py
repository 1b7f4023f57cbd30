"""Broken inventories, one mistake each: the variable is named, its value shown, and the remedy helps."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.contract import check, host, names
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake, table
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import GIB

ROOT = Path(__file__).parents[4]
LOCAL = yaml.safe_load((ROOT / "inventories/local/group_vars/all/platform.yml").read_text())
KNOWN = names.Names(
    contract=names.load(ROOT).contract,
    derived=frozenset({"platform_directory"}),
    roles={
        "grafana": {
            "grafana_enabled": {"type": "str", "choices": ["auto", "always", "never"]},
            "grafana_replicas": {"type": "int", "description": "Replicas."},
            "grafana_admin_password": {"type": "str", "no_log": True},
        },
        "istio": {"istio_enabled": {"type": "bool"}, "istio_resources": {"type": "dict"}},
        "opa": {"opa_enabled": {"type": "bool"}},
    },
)
HOST = host.HostFacts(
    user=0,
    cpus=2,
    memory=24 * GIB,
    memory_free=20 * GIB,
    state_disk=host.Disk("/var/lib/gantry/local", 1, 60 * GIB),
    cache_disk=host.Disk("/root/.cache/gantry", 1, 60 * GIB),
    bundle_cached=False,
    kernel="6.18.44",
    features={feature.name: True for feature in host.FEATURES},
    listeners=(),
    routes=(host.Route(IPv4Network("192.168.1.0/24"), "eth0"),),
    nameservers=("192.168.1.1",),
    package_manager=True,
    adopted=False,
)


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets the value at a dotted path."""

    def change(inventory: dict[str, Any]) -> None:
        *parents, leaf = path.split(".")
        place: Any = inventory
        for part in parents:
            place = place[int(part)] if part.isdigit() else place[part]
        place[leaf] = value

    return change


def drop(path: str) -> Callable[[dict[str, Any]], None]:
    """Removes the key at a dotted path."""

    def change(inventory: dict[str, Any]) -> None:
        *parents, leaf = path.split(".")
        place: Any = inventory
        for part in parents:
            place = place[int(part)] if part.isdigit() else place[part]
        del place[leaf]

    return change


def pool(index: int, **fields: Any) -> Callable[[dict[str, Any]], None]:
    """Changes fields of a pool."""
    return lambda inventory: inventory["platform_node_pools"][index].update(fields)


def add_pool(**fields: Any) -> Callable[[dict[str, Any]], None]:
    """Adds a pool of one worker."""
    body = {"name": "more", "role": "worker", "count": 1, "size": {"cpu": 1, "memory": "1Gi"}}
    return lambda inventory: inventory["platform_node_pools"].append(body | fields)


def aws(inventory: dict[str, Any]) -> None:
    """The same inventory on AWS."""
    inventory["platform_driver"] = "aws"


@dataclass(frozen=True)
class Broken:
    """One mistake: how it is made; the variable, a part of its value, of the problem and of the remedy."""

    id: str
    change: Callable[[dict[str, Any]], None]
    variable: str
    value: str
    problem: str
    remedy: str
    host: host.HostFacts = HOST


def servers_by_terraform(inventory: dict[str, Any]) -> None:
    """Servers that exist already are nothing for Terraform to make."""
    inventory |= {"platform_driver": "servers", "platform_provisioner": "terraform"}


def at(facts: host.HostFacts = HOST, **changes: Any) -> host.HostFacts:
    """The host with some facts changed."""
    return replace(facts, **changes)


def without(feature: str) -> host.HostFacts:
    """The host with a feature of the kernel missing."""
    return at(features=HOST.features | {feature: False})


def same(inventory: dict[str, Any]) -> None:
    """An inventory without mistakes: the host is what does not fit."""


TAINT = {"key": "dedicated", "value": "x", "effect": "NoSchedule"}
POOLS = "platform_node_pools"
NETWORKS = "platform_networks"

BROKEN = [
    # names
    Broken("unknown key", put("platform_flavour", "x"), "platform_flavour", '"x"', "not a key", "docs/inventory.md"),
    Broken("misspelt key", put("platform_domian", "x"), "platform_domian", '"x"', "not a key", "'platform_domain'"),
    Broken(
        "misspelt prefix", put("platfrom_driver", "x"), "platfrom_driver", '"x"', "misspelling", "'platform_driver'"
    ),
    Broken(
        "window without quotes",
        put("platform_maintenance_windows", [{"days": ["tue"], "start": 120, "hours": 3}]),
        "platform_maintenance_windows[0].start",
        "120",
        "",
        "",
    ),
    Broken(
        "window on no day",
        put("platform_maintenance_windows", [{"days": ["friday"], "start": "02:00", "hours": 3}]),
        "platform_maintenance_windows[0].days[0]",
        '"friday"',
        "",
        "",
    ),
    Broken("old name", put("platform_network", {}), "platform_network", "{}", "not a key", "'platform_networks'"),
    Broken(
        "unknown of a role",
        put("istio_color", 1),
        "istio_color",
        "1",
        "not a variable of role istio",
        "docs/roles/istio",
    ),
    Broken("misspelt of a role", put("istio_enabeld", True), "istio_enabeld", "true", "role istio", "'istio_enabled'"),
    Broken(
        "unknown in networks", put(f"{NETWORKS}.service", "x"), f"{NETWORKS}.service", '"x"', "not a key", "'services'"
    ),
    Broken(
        "unknown in ports", put("platform_gateway_ports.tls", 1), "platform_gateway_ports.tls", "1", "not a key", "http"
    ),
    Broken("unknown in a pool", pool(1, cuont=2), f"{POOLS}[1].cuont (pool general)", "2", "not a key", "'count'"),
    Broken(
        "unknown in a size", put(f"{POOLS}.0.size.ram", "4Gi"), f"{POOLS}[0].size.ram", "4Gi", "not a key", "memory"
    ),
    # missing
    Broken(
        "no environment", drop("platform_environment"), "platform_environment", "absent", "is needed", "'platform_env"
    ),
    Broken("no driver", drop("platform_driver"), "platform_driver", "absent", "is needed", "platform_driver: machines"),
    Broken("no pods network", drop(f"{NETWORKS}.pods"), f"{NETWORKS}.pods", "absent", "is needed", "10.91.0.0/16"),
    Broken("pool without count", drop(f"{POOLS}.1.count"), f"{POOLS}[1].count", "absent", "is needed", "'count: 1'"),
    Broken(
        "pool without size",
        drop(f"{POOLS}.1.size"),
        f"{POOLS}[1].size",
        "absent",
        "needed with platform_driver",
        "size:",
    ),
    Broken("no size memory", drop(f"{POOLS}.1.size.memory"), f"{POOLS}[1].size.memory", "absent", "is needed", "4Gi"),
    # types
    Broken(
        "quoted boolean", put("istio_enabled", "true"), "istio_enabled", '"true"', "not a boolean", "without quotes"
    ),
    Broken(
        "yes for a boolean", put("istio_enabled", "yes"), "istio_enabled", '"yes"', "not a boolean", "true or false"
    ),
    Broken(
        "quoted number", pool(1, count="1"), f"{POOLS}[1].count", '"1"', "text where a whole number", "without quotes"
    ),
    Broken("half a node", pool(1, count=1.5), f"{POOLS}[1].count", "1.5", "whole number", "count: 1"),
    Broken(
        "true for a number",
        pool(1, count=True),
        f"{POOLS}[1].count",
        "true",
        "boolean where a whole number",
        "count: 1",
    ),
    Broken(
        "quoted port", put("platform_gateway_ports.http", "30080"), "ports.http", '"30080"', "whole number", "without q"
    ),
    Broken("version as number", put("platform_kubernetes_version", 1.37), "version", "1.37", "not a text", "quote it"),
    Broken("pools as a map", put(POOLS, {"general": {}}), POOLS, "{'general'", "not a list", "see below"),
    Broken("role variable's type", put("grafana_replicas", "two"), "grafana_replicas", '"two"', "type int", "Replicas"),
    Broken(
        "memory as number", put(f"{POOLS}.1.size.memory", 4096), f"{POOLS}[1].size.memory", "4096", "not a text", "4Gi"
    ),
    Broken(
        "odd unit of memory", put(f"{POOLS}.1.size.memory", "4GB"), "[1].size.memory", '"4GB"', "not a quantity", "4Gi"
    ),
    Broken(
        "quoted cpu", put(f"{POOLS}.1.size.cpu", "500m"), f"{POOLS}[1].size.cpu", '"500m"', "not a number", "cpu: 2"
    ),
    # choices and forms
    Broken(
        "unknown driver", put("platform_driver", "machine"), "platform_driver", '"machine"', "choices", "'machines'"
    ),
    Broken("unknown source", put("platform_image_source", "docker"), "image_source", '"docker"', "choices", "upstream"),
    Broken("zone that is no label", pool(1, zones=["EU West"]), f"{POOLS}[1].zones[0]", '"EU West"', "form", "[a, b]"),
    Broken("zone twice", pool(1, zones=["a", "a"]), f"{POOLS}[1].zones", '"a"', "2 times", "keep one"),
    Broken("unknown capacity", pool(2, capacity="preemptible"), "[2].capacity", '"preemptible"', "choices", "spot"),
    Broken(
        "quoted switch of the shop", put("shop_enabled", "true"), "shop_enabled", '"true"', "boolean", "without quotes"
    ),
    Broken(
        "misspelt switch of the shop", put("shop_enabeld", True), "shop_enabeld", "true", "misspelling", "shop_enabled"
    ),
    Broken("role's choice", put("grafana_enabled", "alwyas"), "grafana_enabled", '"alwyas"', "choices", "'always'"),
    Broken(
        "long name", put("platform_environment", "productive-eu"), "platform_environment", "eu", "right form", "ten"
    ),
    Broken(
        "upper case name",
        put("platform_environment", "Local"),
        "platform_environment",
        '"Local"',
        "right form",
        "lower",
    ),
    Broken(
        "trailing dash", put("platform_environment", "dev-"), "platform_environment", '"dev-"', "right form", "dash"
    ),
    Broken(
        "bare domain", put("platform_domain", "localhost"), "platform_domain", '"localhost"', "right form", "two labels"
    ),
    Broken(
        "registry without port", put("platform_registry_address", "10.90.0.1"), "registry", "0.1", "host:port", ":5000"
    ),
    Broken(
        "bad taint effect", pool(1, taints=[TAINT | {"effect": "noschedule"}]), "taints[0].effect", "nos", "ch", "'NoS"
    ),
    Broken("bad label", pool(1, labels={"team": "a b"}), f"{POOLS}[1].labels", "a b", "does not take", "{team: shop}"),
    Broken(
        "reserved label", pool(1, labels={"node-role.kubernetes.io/x": ""}), "[1].labels", "k", "belongs to", "team"
    ),
    Broken("pool name", pool(1, name="General"), f"{POOLS}[1].name", '"General"', "right form", "lower case"),
    # networks
    Broken(
        "not a network", put(f"{NETWORKS}.pods", "10.91"), f"{NETWORKS}.pods", "10.91", "not an IPv4", "10.91.0.0/16"
    ),
    Broken(
        "host bits", put(f"{NETWORKS}.pods", "10.91.3.0/16"), f"{NETWORKS}.pods", "3.0/16", "mean 10.91.0.0/16", "pods:"
    ),
    Broken(
        "IPv6", put(f"{NETWORKS}.pods", "fd00::/48"), f"{NETWORKS}.pods", "fd00::/48", "not an IPv4", "10.91.0.0/16"
    ),
    Broken(
        "public network", put(f"{NETWORKS}.pods", "8.8.0.0/16"), f"{NETWORKS}.pods", "8.8", "not a private", "10.91"
    ),
    Broken(
        "overlap", put(f"{NETWORKS}.pods", "10.88.0.0/14"), f"{NETWORKS}.pods", "10.88", "overlaps", "share no address"
    ),
    Broken(
        "few machines", put(f"{NETWORKS}.machines", "10.90.0.0/30"), f"{NETWORKS}.machines", "/30", "too small", "/29"
    ),
    Broken("few pods", put(f"{NETWORKS}.pods", "10.91.0.0/23"), f"{NETWORKS}.pods", "/23", "2 networks of /24", "/22"),
    Broken(
        "few services",
        put(f"{NETWORKS}.services", "10.92.0.0/28"),
        f"{NETWORKS}.services",
        "/28",
        "16 addresses",
        "/20",
    ),
    Broken("many services", put(f"{NETWORKS}.services", "10.0.0.0/10"), f"{NETWORKS}.services", "/10", "larger", "/12"),
    Broken(
        "registry elsewhere", put("platform_registry_address", "10.90.0.9:5000"), "registry", ".9", "first", ".1:5000"
    ),
    Broken("registry port", put("platform_registry_address", "10.90.0.1:80"), "registry", ":80", "port 80", "1024"),
    # ports
    Broken("port out of range", put("platform_gateway_ports.http", 80), "ports.http", "80", "30000", "http: 30080"),
    Broken("one port twice", put("platform_gateway_ports.https", 30080), "ports.https", "30080", "too", "its own"),
    # pools
    Broken(
        "duplicate pools", pool(2, name="general"), f"{POOLS}[2].name", "general", f"name of {POOLS}[1]", "its own name"
    ),
    Broken("two control planes", pool(0, count=2), POOLS, "2 control planes in control", "even number", "1 or 3"),
    Broken(
        "four in two pools", add_pool(role="control_plane", size={"cpu": 1, "memory": "2Gi"}), POOLS, "2", "even", "3"
    ),
    Broken(
        "no control plane", pool(0, role="worker"), POOLS, "0 control planes", "no control plane", "role: control_plane"
    ),
    Broken("spot control plane", pool(0, capacity="spot"), "[0].capacity", "spot", "vanish", "on_demand"),
    Broken("scaled control plane", pool(0, min=1, max=3), "[0].max", "3", "fixed", "remove min and max"),
    Broken("count below min", pool(1, min=2, max=3), f"{POOLS}[1].count", "1", "not between", "choose a count"),
    Broken("min above max", pool(1, min=3, max=2), f"{POOLS}[1].min", "3", "above max", "lower min"),
    Broken("negative count", pool(1, count=-1), f"{POOLS}[1].count", "-1", "greater than or equal to 0", "count: 1"),
    Broken(
        "floor on demand", pool(1, on_demand_floor=1), "[1].on_demand_floor", "1", "spot capacity", "capacity: spot"
    ),
    Broken("floor too high", pool(2, on_demand_floor=2), "[2].on_demand_floor", "2", "more than the pool", "at most 1"),
    Broken("taint twice", pool(1, taints=[TAINT, TAINT]), f"{POOLS}[1].taints", "dedicated", "2 times", "keep one"),
    Broken("small worker", put(f"{POOLS}.1.size.memory", "512Mi"), "[1].size.memory", "512Mi", "too little", "1Gi"),
    Broken("small control plane", put(f"{POOLS}.0.size.memory", "1Gi"), "[0].size.memory", "1Gi", "too little", "2Gi"),
    Broken("no types on AWS", aws, f"{POOLS}[0].instance_types", "absent", "platform_driver 'aws'", "m7i.large"),
    Broken("terraform of servers", servers_by_terraform, "platform_provisioner", "terr", "go with", "native"),
    # versions
    Broken(
        "unknown version", put("platform_kubernetes_version", "1.30.0"), "version", "1.30.0", "not provided", "1.37."
    ),
    Broken(
        "version with v", put("platform_kubernetes_version", "v1.37.2"), "version", "v1.37.2", "right form", "1.37.2"
    ),
    Broken(
        "downgrade", same, "version", "1.37", "older than what runs (1.38.0)", "keep what runs", at(running="1.38.0")
    ),
    Broken("skipped minor", same, "version", "1.37", "skips a minor version", "1.36 first", at(running="1.35.4")),
    Broken("other patch", same, "version", "1.37", "all nodes at once", "playbooks/upgrade.yml", at(running="1.37.1")),
    Broken("other minor", same, "version", "1.37", "all nodes at once", "playbooks/upgrade.yml", at(running="1.36.3")),
    Broken("interrupted", same, "version", "1.37", "was interrupted", "finish it", at(interrupted="1.37.2")),
    # host
    Broken("not root", same, "user", "uid 1000", "not root", "sudo", at(user=1000)),
    Broken("no Debian", same, "apt-get", "absent", "Debian packages", "Ubuntu", at(package_manager=False)),
    Broken("old kernel", same, "kernel", "5.4.0", "older", "5.10", at(kernel="5.4.0-generic")),
    Broken(
        "no overlay", same, "overlay file system", "absent", "missing in", "OVERLAY_FS", without("overlay file system")
    ),
    Broken("no vxlan", same, "kernel feature vxlan", "absent", "pod network", "CONFIG_VXLAN", without("vxlan")),
    Broken(
        "no nf_tables", same, "kernel feature nf_tables", "absent", "translated", "CONFIG_NF_T", without("nf_tables")
    ),
    Broken(
        "no br_netfilter", same, "bridge netfilter", "absent", "bridged", "br_netfilter", without("bridge netfilter")
    ),
    Broken("no BPF", same, "BPF system call", "absent", "policies", "CONFIG_BPF_SYSCALL", without("BPF system call")),
    Broken("small host", same, POOLS, "12 GiB in all", "of 8 GiB it keeps 1 GiB", "at most 7 GiB", at(memory=8 * GIB)),
    Broken("busy host", same, "memory", "2 GiB free", "too little", "make destroy", at(memory_free=2 * GIB)),
    Broken(
        "many cores", put(f"{POOLS}.1.size.cpu", 4), "[1].size.cpu", "4", "more than this host has (2)", "at most 2"
    ),
    Broken(
        "small disk",
        same,
        "disk of /var/lib/gantry/local",
        "9 GiB free",
        "the machines take 6 GiB and building the bundle take 20 GiB",
        "XDG_CACHE_HOME",
        at(state_disk=host.Disk("/var/lib/gantry/local", 1, 9 * GIB), cache_disk=host.Disk("/c", 1, 9 * GIB)),
    ),
    Broken(
        "small cache disk",
        same,
        "disk of /home/me/.cache/gantry",
        "9 GiB free",
        "building the bundle",
        "XDG_CACHE_HOME",
        at(cache_disk=host.Disk("/home/me/.cache/gantry", 2, 9 * GIB)),
    ),
    Broken(
        "registry port in use",
        same,
        "platform_registry_address",
        "10.90.0.1:5000",
        "nginx (pid 7) listens on 0.0.0.0:5000",
        "10.90.0.1:5001",
        at(listeners=(host.Listener("0.0.0.0", 5000, "nginx (pid 7)"),)),
    ),
    Broken(
        "a gateway elsewhere than on our nodes",
        put("platform_gateway_address", "gateway.example.com"),
        "platform_gateway_address",
        "gateway.example.com",
        "does not go with platform_driver 'machines'",
        "remove it",
    ),
    Broken(
        "a gateway with a scheme",
        put("platform_gateway_address", "https://gateway.example.com"),
        "platform_gateway_address",
        "https://gateway.example.com",
        "",
        "",
    ),
    Broken(
        "registry of another environment",
        same,
        "platform_registry_address",
        "10.90.0.1:5000",
        "environment e2e",
        "another port",
        at(listeners=(host.Listener("10.90.0.1", 5000, "docker-registry (pid 9)", "e2e"),)),
    ),
    Broken(
        "the host's own network",
        same,
        f"{NETWORKS}.machines",
        "10.90.0.0/24",
        "overlaps 10.0.0.0/8, which this host reaches by interface tun0",
        "does not use",
        at(routes=(host.Route(IPv4Network("10.0.0.0/8"), "tun0"),)),
    ),
    Broken(
        "another environment's network",
        same,
        f"{NETWORKS}.machines",
        "10.90.0.0/24",
        "by environment e2e",
        "does not use",
        at(routes=(host.Route(IPv4Network("10.90.0.0/24"), "gt-e2e"),)),
    ),
    Broken(
        "the name server's network",
        same,
        f"{NETWORKS}.services",
        "10.92.0.0/20",
        "holds 10.92.0.53",
        "another network",
        at(nameservers=("10.92.0.53",)),
    ),
]


def judge(inventory: dict[str, Any], facts: host.HostFacts = HOST) -> list[Mistake]:
    """All mistakes of an inventory on a host."""
    return check.everything(inventory, ROOT, KNOWN, lambda: facts)[1]


def local() -> dict[str, Any]:
    """The inventory that comes with the collection."""
    return copy.deepcopy(LOCAL)


INVENTORIES = [
    *sorted(ROOT.glob("inventories/*")),
    ROOT / "tests/e2e/inventory",
    ROOT / "tests/benchmarks/by_hand_inventory",
    ROOT / "molecule/roles/inventory",
    ROOT / "tests/existing/there",
    ROOT / "tests/existing/inventory",
]


@pytest.mark.parametrize("inventory", INVENTORIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_our_own_inventories_have_no_mistake(inventory: Path) -> None:
    variables: dict[str, Any] = {}
    for path in sorted((inventory / "group_vars/all").glob("*.yml")):
        variables |= yaml.safe_load(path.read_text())
    assert check.inventory(variables, ROOT, names.load(ROOT))[2] == []


def test_the_local_inventory_fits_a_usual_host() -> None:
    assert judge(local()) == []


def test_machines_may_be_made_by_terraform() -> None:
    assert judge(local() | {"platform_provisioner": "terraform"}) == []


def test_a_switch_with_a_default_may_be_left_out() -> None:
    inventory = local()
    del inventory["shop_enabled"]
    contract, mistakes = check.everything(inventory, ROOT, KNOWN, lambda: HOST)
    assert mistakes == []
    assert contract.shop_enabled is False


def test_there_are_enough_broken_inventories() -> None:
    assert len(BROKEN) >= 40
    assert len({case.id for case in BROKEN}) == len(BROKEN)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_a_broken_inventory_is_refused(case: Broken) -> None:
    inventory = local()
    case.change(inventory)
    found = [mistake for mistake in judge(inventory, case.host) if case.variable in mistake.variable]
    assert found, judge(inventory, case.host)
    mistake = found[0]
    assert case.value in mistake.value
    assert case.problem in mistake.problem
    assert case.remedy in mistake.remedy


def test_all_mistakes_are_told_at_once() -> None:
    """Every broken inventory of a variable of its own, made broken in all ways that do not exclude each other."""
    inventory = local()
    together = ["unknown key", "misspelt prefix", "misspelt of a role", "quoted boolean", "unknown source", "overlap"]
    together += [
        "bare domain",
        "registry port",
        "one port twice",
        "duplicate pools",
        "unknown version",
        "min above max",
    ]
    cases = [case for case in BROKEN if case.id in together]
    for case in cases:
        case.change(inventory)
    said = table(judge(inventory, without("vxlan")), "The inventory does not fit")
    for case in cases:
        assert re.search(re.escape(case.variable) + ".*\n.*" + re.escape(case.problem), said), case.id
    assert "kernel feature vxlan" in said
    assert re.match(r"The inventory does not fit: \d+ mistakes. Nothing has been touched.", said)


def test_a_mistake_in_one_pool_does_not_hide_that_in_another() -> None:
    inventory = local()
    pool(0, count="1")(inventory)
    pool(2, capacity="sport")(inventory)
    assert {mistake.variable.split(" ")[0] for mistake in judge(inventory)} == {
        "platform_node_pools[0].count",
        "platform_node_pools[2].capacity",
    }


def test_secrets_are_never_shown() -> None:
    inventory = local() | {"grafana_admin_password": ["hunter2"], "istio_token": "hunter2"}
    said = table(judge(inventory), "x")
    assert "istio_token: (hidden)" in said
    assert "hunter2" not in said


def test_what_runs_already_is_not_in_its_own_way() -> None:
    running = at(
        adopted=True,
        memory_free=GIB,
        state_disk=host.Disk("/var/lib/gantry/local", 1, GIB),
        bundle_cached=True,
        listeners=(host.Listener("10.90.0.1", 5000, "docker-registry (pid 9)", "local"),),
        routes=(host.Route(IPv4Network("10.90.0.0/24"), "gt-local"),),
        running="1.37.2",
    )
    assert judge(local(), running) == []


def test_what_roles_keep_and_tell_is_no_mistake() -> None:
    assert judge(local() | {"__istio_enabled": True, "bundle_images": {}}) == []


def test_users_keep_variables_of_their_own() -> None:
    assert judge(local() | {"my_team": "shop", "dns_servers": [], "ansible_user": "me"}) == []


def test_other_drivers_do_not_ask_this_host() -> None:
    inventory = local() | {"platform_driver": "existing"}
    assert judge(inventory, at(user=1000, memory=GIB)) == []


def test_it_takes_well_under_a_second() -> None:
    inventory = local() | {f"ansible_something_{number}": number for number in range(200)}
    started = time.perf_counter()
    judge(inventory)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("running", ["1.36.3", "1.37.1", "1.37.2"])
def test_an_upgrade_may_bring_another_version(running: str) -> None:
    assert judge(local(), at(running=running, interrupted="1.37.2", upgrading=True)) == []
