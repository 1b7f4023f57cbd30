"""Twelve faults under peak load, each recovered before the next: ``make soak``, no part of ``make test``."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.conftest import CONTRACT, ENVIRONMENT, drill, play, wait_until
from tests.e2e.shop import ENABLED, OFF, Trouble, endure, judge, ready, restock

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.timeout(5400), pytest.mark.skipif(not ENABLED, reason=OFF)]

USERS = 20


def machine() -> str:
    """A machine that can be missed: of the spot pool, else the last worker."""
    workers = [pool for pool in CONTRACT["platform_node_pools"] if pool["role"] == "worker" and pool["count"]]
    assert workers, "no worker to kill"
    chosen = next((pool for pool in workers if pool["capacity"] == "spot"), workers[-1])
    return f"{ENVIRONMENT}-{chosen['name']}-"


def kill_a_machine() -> None:
    """SIGKILL everything that runs in one machine, then site, which makes it good."""
    name = re.compile(rf"/gantry-{ENVIRONMENT}(\.slice)?/.*{re.escape(machine())}")
    victims: set[int] = set()
    for path in Path("/sys/fs/cgroup").rglob("cgroup.procs"):
        if name.search(str(path)):
            victims |= {int(line) for line in path.read_text().split()}
    assert victims, f"no processes of a machine {machine()}… found"
    for victim in sorted(victims):
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert play("playbooks/site.yml").code == 0


FAULTS = (
    Trouble.by_play("pod_kill", 10, service="orders"),
    Trouble.by_play("errors", 30, service="catalog", percent=50),
    Trouble.by_play("latency", 30, service="stock", percent=100, milliseconds=1500),
    Trouble.by_play("payment_errors", 45, percent=80),
    Trouble.by_play("broker_stop", 60),
    Trouble.by_play("slow_database", 45, service="orders", milliseconds=800),
    Trouble.by_play("pod_kill", 10, service="payments"),
    Trouble.by_play("payment_lost", 45, percent=50),
    Trouble.by_play("errors", 30, service="orderview", percent=100),
    Trouble.by_play("payment_latency", 45, milliseconds=5000),
    Trouble.by_play("pod_kill", 10, service="stock"),
    Trouble("machine SIGKILLed", act=kill_a_machine),
)


def test_no_order_is_lost_or_doubled_under_twelve_faults() -> None:
    wait_until(ready, 120, "the shop is ready", pause=2)
    before = restock(100_000)
    with drill("shop.soak", "12", "Twelve faults under peak load: no order lost or doubled") as it:
        phases, found = endure(FAULTS, users=USERS, seconds=3600)
        judge(phases, found, before, it)
