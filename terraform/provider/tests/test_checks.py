"""What is refused when Terraform plans, and where."""

from __future__ import annotations

from typing import Any

import pytest
from tf.types import Unknown
from tf.utils import Diagnostics

from gantry_provider.provider import GantryProvider
from gantry_provider.resources import GantryMachine, GantryNetwork, GantryNodePool


def told(resource: Any, config: dict[str, Any]) -> list[tuple[str, str]]:
    """Attribute and text of each error."""
    found = Diagnostics()
    resource.validate(found, "gantry_thing", {a.name: config.get(a.name) for a in resource.get_schema().attributes})
    return [((d.path or [""])[0], f"{d.summary} {d.detail}") for d in found.diagnostics]


def test_what_fits_is_taken(provider: GantryProvider, pool: dict[str, Any]) -> None:
    assert told(GantryNodePool(provider), pool) == []


@pytest.mark.parametrize(
    ("changed", "attribute", "words"),
    [
        ({"name": "Work"}, "name", "does not have the right form"),
        ({"role": "master"}, "role", "choose one of control_plane, worker"),
        ({"capacity": "spott"}, "capacity", "the nearest is 'spot'"),
        ({"nodes": -1}, "nodes", "greater than or equal to 0"),
        ({"cpu": 0}, "cpu", "greater than 0"),
        ({"memory": "much"}, "memory", "is not a quantity"),
        ({"memory": "512Mi"}, "memory", "is too little for a node of role worker"),
        ({"labels": {"kubernetes.io/x": "y"}}, "labels", "belongs to Kubernetes"),
        ({"taints": [{"key": "a", "value": "", "effect": "Never"}]}, "taints", "choose one of"),
        ({"role": "control_plane", "memory": "4Gi"}, "capacity", "would let the control plane vanish"),
        ({"environment": "Local"}, "environment", "does not have the right form"),
        ({"memory": "9Ti"}, "", "is over the host's"),
        ({"network": "10.211.0.0/29", "nodes": 3}, "", "has no address left for machine unit-tf-work-1"),
    ],
)
def test_the_contract_is_asked(
    provider: GantryProvider, pool: dict[str, Any], changed: dict[str, Any], attribute: str, words: str
) -> None:
    found = told(GantryNodePool(provider), pool | changed)
    assert [place for place, _ in found] == [attribute], found
    assert words in found[0][1]


def test_several_mistakes_are_told_at_once(provider: GantryProvider, pool: dict[str, Any]) -> None:
    found = told(GantryNodePool(provider), pool | {"cpu": 0, "role": "boss"})
    assert {place for place, _ in found} == {"cpu", "role"}


@pytest.mark.parametrize("name", ["environment", "network", "name", "nodes", "cpu", "memory", "labels", "template"])
def test_what_is_not_known_yet_is_no_mistake(provider: GantryProvider, pool: dict[str, Any], name: str) -> None:
    assert told(GantryNodePool(provider), pool | {name: Unknown}) == []
    assert told(GantryNodePool(provider), pool | {"taints": [{"key": Unknown, "value": None, "effect": "x"}]}) == []


@pytest.mark.parametrize(
    ("cidr", "words"),
    [("10.0.0.1/24", "did you mean 10.0.0.0/24"), ("8.8.8.0/24", "is not a private network"), ("x", "CIDR")],
)
def test_a_network_is_private_and_whole(provider: GantryProvider, cidr: str, words: str) -> None:
    found = told(GantryNetwork(provider), {"environment": "unit-tf", "cidr": cidr})
    assert [place for place, _ in found] == ["cidr"]
    assert words in found[0][1]


def test_a_network_that_this_host_does_not_use_is_taken(provider: GantryProvider) -> None:
    found = told(GantryNetwork(provider), {"environment": "unit-tf", "cidr": "10.211.0.0/24"})
    assert found == []


@pytest.mark.parametrize("index", [0, 1.5, -1])
def test_an_index_counts_from_one(provider: GantryProvider, pool: dict[str, Any], index: float) -> None:
    config = {**pool, "pool": "work", "index": index}
    found = told(GantryMachine(provider), {k: v for k, v in config.items() if k not in ("name", "nodes")})
    assert found[0][0] == "index"


def test_a_state_directory_is_absolute(provider: GantryProvider) -> None:
    found = Diagnostics()
    provider.validate_config(found, {"state_directory": "here"})
    provider.validate_config(found, {"state_directory": "/var/lib/gantry"})
    provider.validate_config(found, {"state_directory": None})
    assert [d.summary for d in found.diagnostics] == ["state_directory 'here' is not absolute"]
