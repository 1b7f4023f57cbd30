"""Servers of an inventory: what they answer is read, and each mistake is told with variable, value and remedy."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.contract import check, names, servers
from ansible_collections.gantry.platform.plugins.module_utils.contract.host import FEATURES
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import GIB
from ansible_collections.gantry.platform.plugins.module_utils.contract.servers import Answer, Server

ROOT = Path(__file__).parents[4]
INVENTORY = yaml.safe_load((ROOT / "inventories/servers/group_vars/all/platform.yml").read_text())
GOOD = Answer(
    clock=1000,
    user=0,
    system="debian 13",
    architecture="x86_64",
    kernel="6.12.1",
    init="systemd",
    cpus=4,
    memory=8 * GIB,
    disk=50 * GIB,
    machine="a",
    addresses=("10.20.0.11",),
    environment="",
    traces=(),
    listeners={22: "sshd (pid 1)"},
    features={feature.name: True for feature in FEATURES},
    registry="bash: connect: Connection refused",
)
SERVERS = [
    Server("plane-1", "control", "10.20.0.11", "ops", GOOD, 1000),
    Server("work-1", "general", "10.20.0.21", "ops", replace(GOOD, machine="b", addresses=("10.20.0.21",)), 1000),
    Server("work-2", "general", "10.20.0.22", "ops", replace(GOOD, machine="c", addresses=("10.20.0.22",)), 1000),
]


def judge(found: list[Server], **changes: Any) -> list[Any]:
    """The mistakes of the inventory that comes with the collection, with these servers."""
    contract, present, _ = check.inventory(copy.deepcopy(INVENTORY) | changes, ROOT, names.load(ROOT))
    return servers.check(contract, present, found)


def plane(**changes: Any) -> list[Server]:
    """The servers, the control plane of which answers otherwise."""
    return [replace(SERVERS[0], answer=replace(GOOD, **changes)), *SERVERS[1:]]


def first(**changes: Any) -> list[Server]:
    """The servers, of the first of which the inventory says something else."""
    return [replace(SERVERS[0], **changes), *SERVERS[1:]]


@dataclass(frozen=True)
class Broken:
    """One mistake: servers that have it; the variable, a part of its value, of the problem and of the remedy."""

    id: str
    servers: Callable[[], list[Server]]
    variable: str
    value: str
    problem: str
    remedy: str
    changes: dict[str, Any] = field(default_factory=dict)


BROKEN = [
    Broken("no server", list, "group 'servers'", "absent", "is needed", "docs/servers.md"),
    Broken("unknown pool", lambda: first(pool="contol"), "plane-1: node_pool", "contol", "none of", "control, general"),
    Broken("no pool", lambda: first(pool=""), "plane-1: node_pool", "absent", "is needed", "choose one"),
    Broken("too few", lambda: SERVERS[:2], "[1].count (pool general)", "2", "1: work-1", "set it to 1"),
    Broken("a name of no node", lambda: first(name="Plane_1"), "server Plane_1", "Plane_1", "Kubernetes", "lower case"),
    Broken("a name as address", lambda: first(address="plane"), "node_address", "plane", "no IPv4", "ansible_host"),
    Broken(
        "one address twice",
        lambda: first(address="10.20.0.21"),
        "plane-1: node_address",
        "10.20.0.21",
        "work-1 too",
        "own",
    ),
    Broken(
        "another's address", lambda: first(address="10.20.0.9"), "node_address", "10.20.0.9", "10.20.0.11", "one of"
    ),
    Broken(
        "another network",
        lambda: first(address="10.9.0.1"),
        "node_address",
        "10.9.0.1",
        "not in platform",
        "reach each",
    ),
    Broken("a clone", lambda: plane(machine="b"), "work-1: /etc/machine-id", "b", "plane-1", "machine-id-setup"),
    Broken(
        "unreachable",
        lambda: first(answer=None, unreachable="Connection timed out"),
        "plane-1: ansible_host",
        "10.20.0.11",
        "timed out",
        "'ssh'",
    ),
    Broken(
        "no sudo",
        lambda: first(answer=None, refused="a password is required"),
        "ansible_user",
        "ops",
        "password",
        "sudo",
    ),
    Broken("not root", lambda: plane(user=1000), "ansible_user", "uid 1000", "ansible_become", "true"),
    Broken(
        "another system", lambda: plane(system="alpine 3.20"), "system", "alpine 3.20", "not supported", "Debian 12"
    ),
    Broken(
        "another architecture", lambda: plane(architecture="aarch64"), "architecture", "aarch64", "bundle", "x86_64"
    ),
    Broken("no systemd", lambda: plane(init="tini"), "init", "tini", "process 1", "systemd"),
    Broken("an old kernel", lambda: plane(kernel="4.19.0"), "kernel", "4.19.0", "older", "5.10"),
    Broken(
        "a feature missing",
        lambda: plane(features={**GOOD.features, "vxlan": False}),
        "kernel feature vxlan",
        "absent",
        "spans machines",
        "CONFIG_VXLAN",
    ),
    Broken("little memory", lambda: plane(memory=GIB), "plane-1: memory", "1.0 GiB", "2.0 GiB", "larger"),
    Broken("little disk", lambda: plane(disk=GIB), "disk of /var/lib", "1.0 GiB", "5 GiB", "free"),
    Broken("a port in use", lambda: plane(listeners={6443: "nginx (pid 7)"}), "port", "6443", "nginx (pid 7)", "stop"),
    Broken("another's node", lambda: plane(environment="dc2"), "server plane-1", "10.20.0.11", "dc2", "destroy"),
    Broken(
        "a foreign Kubernetes",
        lambda: plane(traces=("/etc/kubernetes/admin.conf",)),
        "server plane-1",
        "admin.conf",
        "did not make",
        "kubeadm reset",
    ),
    Broken("a clock behind", lambda: plane(clock=900), "clock", "-100 s", "off this host's", "timesyncd"),
    Broken(
        "no registry",
        lambda: plane(registry="no answer within 4 s"),
        "registry_address",
        "10.20.0.5",
        "plane-1",
        "every",
    ),
]


def test_servers_that_fit_have_no_mistake() -> None:
    assert judge(SERVERS) == []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_a_mistake_is_told(case: Broken) -> None:
    mistakes = judge(case.servers(), **case.changes)
    found = [mistake for mistake in mistakes if case.variable in mistake.variable and case.problem in mistake.problem]
    assert len(found) == 1, mistakes
    assert case.value in found[0].value
    assert case.remedy in found[0].remedy


def test_all_mistakes_are_told_at_once() -> None:
    broken = [replace(SERVERS[0], answer=replace(GOOD, cpus=4, clock=5000, disk=0)), *SERVERS[1:2]]
    assert len(judge(broken)) == 3


def test_what_its_own_environment_runs_is_not_in_its_way() -> None:
    ours = {"environment": "servers", "listeners": {6443: "kube-apiserver"}, "traces": ("/etc/kubernetes/admin.conf",)}
    assert judge(plane(**ours, disk=GIB)) == []


def test_a_worker_does_not_need_the_control_planes_ports() -> None:
    worker = replace(SERVERS[1], answer=replace(SERVERS[1].answer or GOOD, listeners={6443: "nginx"}))
    assert judge([SERVERS[0], worker, SERVERS[2]]) == []


def test_a_real_shell_answers() -> None:
    # Ansible goes on where the script ends.
    script = f"{servers.script('127.0.0.1:1')} && sleep 0"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    answer = servers.parse(done.stdout)
    assert answer.kernel == Path("/proc/sys/kernel/osrelease").read_text(encoding="ascii").strip()
    assert answer.memory > 0
    assert answer.disk > 0
    assert answer.cpus >= 1
    assert "refused" in answer.registry.lower()
    assert set(answer.features) == {feature.name for feature in FEATURES}


def test_an_answer_that_is_not_whole_is_none() -> None:
    with pytest.raises(ValueError, match="not whole: sudo: no tty"):
        servers.parse("sudo: no tty")
    server = servers.server(
        "plane-1", {"node_pool": "control", "ansible_host": "10.20.0.11"}, {"answer": "x", "asked": 1}
    )
    assert server.answer is None
    assert "not whole" in server.refused


def test_a_socket_has_its_process() -> None:
    text = 'listens\t0100007F:1F90\nsocket\tLISTEN 0 5 127.0.0.1:8080 0.0.0.0:* users:(("python",pid=7,fd=3))'
    rows = [line.split("\t") for line in text.splitlines()]
    found = servers._listeners([rows[0][1]], [rows[1][1]])  # what parse is made of
    assert found == {8080: "python (pid 7)"}


def test_a_feature_may_be_unknown() -> None:
    assert servers.features(["CONFIG_VXLAN=m"], set(), False)["vxlan"] is None
    assert servers.features(["CONFIG_VXLAN=m"], set(), True)["vxlan"] is False
    assert servers.features(["CONFIG_VXLAN=m"], {"vxlan"}, True)["vxlan"] is True
    assert servers.features([], set(), False)["vxlan"] is None
