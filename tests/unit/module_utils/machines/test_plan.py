"""Which machines there are to be."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import (
    Machine,
    Pool,
    Size,
    make_plan,
    memory_bytes,
    names_of,
    refuse_too_large,
)
from hypothesis import given, settings
from hypothesis import strategies as st

NETWORK = IPv4Network("10.90.0.0/24")


def pool(name: str = "general", count: int = 1, **more: Any) -> Pool:
    return Pool.parse({"name": name, "role": "worker", "count": count, "size": {"cpu": 2, "memory": "4Gi"}, **more})


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("4Gi", 4 * 2**30),
        ("512Mi", 512 * 2**20),
        ("1.5Gi", 3 * 2**29),
        ("2G", 2 * 10**9),
        ("100k", 100_000),
        (1024, 1024),
    ],
)
def test_memory_is_a_kubernetes_quantity(quantity: str | int, expected: int) -> None:
    assert memory_bytes(quantity) == expected


@pytest.mark.parametrize("quantity", ["", "four", "4GB", "4 Gi i", "Gi"])
def test_a_memory_that_is_none_is_refused_with_its_value(quantity: str) -> None:
    with pytest.raises(MachinesError, match="is not a quantity"):
        memory_bytes(quantity)


def test_names_and_addresses_follow_the_pools_order() -> None:
    plan = make_plan("local", NETWORK, [pool("control"), pool("general", 2)], [])
    assert [(machine.name, machine.address) for machine in plan.machines] == [
        ("local-control-1", "10.90.0.10"),
        ("local-general-1", "10.90.0.11"),
        ("local-general-2", "10.90.0.12"),
    ]
    assert list(plan.added) == names_of("local", [pool("control"), pool("general", 2)])


def test_a_pool_may_begin_at_another_index() -> None:
    one = replace(pool(), first=3)
    assert [machine.name for machine in make_plan("local", NETWORK, [one], []).machines] == ["local-general-3"]
    assert names_of("local", [replace(one, count=2)]) == ["local-general-3", "local-general-4"]


def test_a_pool_keeps_what_it_declares() -> None:
    (machine,) = make_plan(
        "e",
        NETWORK,
        [
            pool(
                "spot",
                capacity="spot",
                labels={"tier": 1},
                taints=[{"key": "k", "effect": "NoSchedule", "value": None}],
            )
        ],
        [],
    ).machines
    assert machine.capacity == "spot"
    assert machine.labels == {"tier": "1"}
    assert list(machine.taints) == [{"key": "k", "effect": "NoSchedule"}]
    assert Machine.from_dict(machine.as_dict()).as_dict() == machine.as_dict()


def test_a_pool_that_shrinks_leaves_surplus_machines() -> None:
    before = make_plan("e", NETWORK, [pool(count=3)], []).machines
    plan = make_plan("e", NETWORK, [pool(count=1)], before)
    assert [machine.name for machine in plan.surplus] == ["e-general-2", "e-general-3"]
    assert not plan.added


def test_an_address_is_not_given_twice_while_a_surplus_machine_has_it() -> None:
    before = make_plan("e", NETWORK, [pool("a", 2)], []).machines
    plan = make_plan("e", NETWORK, [pool("a", 1), pool("b", 1)], before)
    assert plan.machines[1].address == "10.90.0.12"


def test_another_size_is_an_alteration() -> None:
    before = make_plan("e", NETWORK, [pool()], []).machines
    plan = make_plan("e", NETWORK, [pool(size={"cpu": 1, "memory": "4Gi"})], before)
    assert plan.altered == ("e-general-1",)


pools = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 5)), max_size=6, unique_by=lambda one: one[0]).map(
    lambda found: [pool(name, count) for name, count in found]
)


@settings(max_examples=40)
@given(pools, pools)
def test_recorded_machines_keep_their_addresses_and_no_two_share_one(first: list[Pool], second: list[Pool]) -> None:
    before = make_plan("e", NETWORK, first, []).machines
    plan = make_plan("e", NETWORK, second, before)
    after = {machine.name: machine.address for machine in (*plan.machines, *plan.surplus)}
    assert len(set(after.values())) == len(after)
    assert {machine.name: machine.address for machine in before}.items() <= after.items()
    assert all(IPv4Address(address) in NETWORK for address in after.values())
    assert [machine.name for machine in plan.machines] == names_of("e", second)


def test_a_network_that_is_too_small_is_refused() -> None:
    with pytest.raises(MachinesError, match=r"10\.0\.0\.0/28 has no address left for machine e-general-6"):
        make_plan("e", IPv4Network("10.0.0.0/28"), [pool(count=6)], [])


def test_another_network_than_the_recorded_one_is_refused() -> None:
    before = make_plan("e", NETWORK, [pool()], []).machines
    with pytest.raises(MachinesError, match="keep the network, or destroy the environment first"):
        make_plan("e", IPv4Network("10.1.0.0/24"), [pool()], before)


def test_pools_whose_machines_would_share_a_name_are_refused() -> None:
    with pytest.raises(MachinesError, match="same name"):
        make_plan("e", NETWORK, [pool("a"), pool("a")], [])


def test_a_pool_without_a_size_is_named() -> None:
    with pytest.raises(MachinesError, match="pool 'x': KeyError"):
        Pool.parse({"name": "x", "role": "worker", "count": 1})


def test_a_machine_larger_than_the_host_is_refused() -> None:
    (machine,) = make_plan("e", NETWORK, [pool()], []).machines
    refuse_too_large([machine], {"cpu": 2, "memory": 4 * 2**30})
    for host in ({"cpu": 1, "memory": 2**40}, {"cpu": 8, "memory": 2**30}):
        with pytest.raises(MachinesError, match="make it smaller"):
            refuse_too_large([machine], host)


def test_cores_may_be_fractions() -> None:
    assert Size.parse({"cpu": "0.5", "memory": "1Gi"}).cpu == 0.5
    assert Size.parse({"cpu": 2.0, "memory": "1Gi"}).cpu == 2
