"""All machines of an environment, as far as no machine has to be there."""

from __future__ import annotations

from ipaddress import IPv4Network

from ansible_collections.gantry.platform.plugins.module_utils.machines.environment import _in_order
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Pool, make_plan

NETWORK = IPv4Network("10.90.0.0/24")
CONTROL, WORK = (
    Pool.parse({"name": name, "role": "worker", "count": 1, "size": {"cpu": 1, "memory": "1Gi"}})
    for name in ("control", "work")
)


def test_the_record_keeps_its_order_whichever_pool_is_planned_alone() -> None:
    recorded = make_plan("e", NETWORK, [CONTROL, WORK], []).machines
    for pools in ([CONTROL], [WORK], [WORK, CONTROL]):
        assert _in_order(recorded, make_plan("e", NETWORK, pools, recorded)) == recorded


def test_what_comes_is_recorded_last() -> None:
    recorded = make_plan("e", NETWORK, [WORK], []).machines
    names = [machine.name for machine in _in_order(recorded, make_plan("e", NETWORK, [CONTROL, WORK], recorded))]
    assert names == ["e-work-1", "e-control-1"]
