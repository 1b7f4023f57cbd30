"""The machines that came through every step of side_effect.yml, and what is kept of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

testinfra_hosts = ["ansible://nodes"]

STATE = Path("/var/lib/gantry/mol-t/terraform/terraform.tfstate")


def test_its_system_is_running(host: Any) -> None:
    assert host.check_output("systemctl is-system-running") == "running"


def test_it_knows_the_others_and_none_that_is_gone(host: Any) -> None:
    known = host.check_output("cat /etc/hosts")
    for name in ("mol-t-control-1", "mol-t-work-1"):
        assert name in known
    for name in ("mol-t-work-2", "mol-t-work-3", "mol-t-more-1"):
        assert name not in known


def test_the_state_is_the_owners_alone_and_knows_the_machine(host: Any) -> None:
    assert STATE.stat().st_mode & 0o077 == 0
    resources = json.loads(STATE.read_text(encoding="utf-8"))["resources"]
    pools = [instance for r in resources if r["type"] == "gantry_node_pool" for instance in r["instances"]]
    machines = {name: machine for pool in pools for name, machine in pool["attributes"]["machines"].items()}
    assert machines[host.backend.host]["state"] == "running"
    assert len(machines) == 2
