"""What the root for machines is told."""

from __future__ import annotations

from ansible_collections.gantry.platform.plugins.module_utils.terraform.machines import node_pools

POOL = {
    "name": "work",
    "role": "worker",
    "count": 2,
    "size": {"cpu": 1, "memory": "1Gi"},
    "zones": ["a"],
    "taints": None,
}
LEFT = {
    "name": "local-old-1",
    "address": "10.90.0.12",
    "pool": "old",
    "role": "worker",
    "capacity": "spot",
    "labels": {"a": "b"},
    "taints": [],
    "size": {"cpu": 1, "memory": "1Gi"},
    "state": "running",
}


def test_only_what_machines_need_is_told() -> None:
    assert node_pools([POOL]) == [{"name": "work", "role": "worker", "count": 2, "size": POOL["size"]}]


def test_a_pool_that_is_no_more_asked_for_stays_empty_while_a_machine_of_it_is_there() -> None:
    assert node_pools([POOL], [LEFT])[1:] == [
        {
            "name": "old",
            "count": 0,
            "role": "worker",
            "capacity": "spot",
            "size": LEFT["size"],
            "labels": {"a": "b"},
            "taints": [],
        }
    ]


def test_a_pool_that_shrinks_is_told_once() -> None:
    assert len(node_pools([POOL], [{**LEFT, "pool": "work"}])) == 1
