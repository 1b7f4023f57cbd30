"""Inventories of AWS: what must be there, and mistakes that only they can have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.contract import check, names
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake

from tests.unit.module_utils.infrastructure.example import AWS, inventory

ROOT = Path(__file__).parents[4]
KNOWN = names.Names(contract=names.load(ROOT).contract, derived=frozenset(), roles={})


def judge(**more: Any) -> list[Mistake]:
    return check.inventory(inventory(**more), ROOT, KNOWN)[2]


def pools(**more: Any) -> dict[str, Any]:
    first, second = inventory()["platform_node_pools"]
    return {"platform_node_pools": [first, second | more]}


def networks(**more: str) -> dict[str, Any]:
    return {"platform_networks": inventory()["platform_networks"] | more}


def aws(**more: Any) -> dict[str, Any]:
    return {"platform_aws": AWS | more}


def test_a_whole_inventory_has_no_mistake() -> None:
    assert judge() == []


@pytest.mark.parametrize(
    ("change", "variable", "problem", "remedy"),
    [
        ({"platform_aws": None}, "platform_aws", "needed with platform_driver 'aws'", "docs/inventory.md"),
        (
            {"platform_driver": "existing", "platform_provisioner": "native"},
            "platform_aws",
            "platform_driver is 'existing'",
            "remove it",
        ),
        (aws(account=123456789012), "platform_aws.account", "not a text", "quote it"),
        (aws(zones=["a", "b"]), "platform_aws.zones", "at least 3 items", "[a, b, c]"),
        (aws(zones=["a", "b", "b"]), "platform_aws.zones", "an entry twice", "[a, b, c]"),
        (aws(nat_gateways="two"), "platform_aws.nat_gateways", "choices", "one, zone"),
        (aws(log_days=31), "platform_aws.log_days", "choices", "30"),
        (aws(region="Frankfurt"), "platform_aws.region", "right form", "eu-central-1"),
        (aws(administrators=[]), "platform_aws.administrators", "at least 1 item", "role/platform"),
        (aws(administrators=["me"]), "platform_aws.administrators[0]", "right form", "role/platform"),
        (aws(monthly_budget="400"), "platform_aws.monthly_budget", "not a number", "400"),
        (aws(budget=400), "platform_aws.budget", "not a key", "monthly_budget"),
        (networks(machines="10.20.0.0/24"), "platform_networks.machines", "three zones", "/16"),
        (networks(pods="100.64.0.0/12"), "platform_networks.pods", "three zones", "/16"),
        (networks(services="100.100.0.0/20"), "platform_networks.services", "EKS takes no network", "10.0.0.0/8"),
        (pools(role="control_plane", capacity="on_demand", on_demand_floor=0), "[1].role", "EKS brings", "remove"),
        (pools(zones=["d"]), "platform_node_pools[1].zones", "none of platform_aws.zones", "a, b, c"),
        (pools(instance_types=["m7i.large"]), "[1].instance_types", "only type of a spot pool", "several"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_mistake_is_told(change: dict[str, Any], variable: str, problem: str, remedy: str) -> None:
    found = [mistake for mistake in judge(**change) if variable in mistake.variable]
    assert found, judge(**change)
    assert problem in found[0].problem
    assert remedy in found[0].remedy
