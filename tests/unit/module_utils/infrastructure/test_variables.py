"""From the inventory to variables of Terraform, node groups and outputs: pure, so tested by values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract
from ansible_collections.gantry.platform.plugins.module_utils.contract.parse import parse
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure import outputs
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure.node_groups import node_groups
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure.variables import (
    backend,
    bootstrap,
    variables,
)

from tests.unit.module_utils.infrastructure.example import AWS, contract, inventory, pool

ROOT = Path(__file__).parents[4]


def test_an_environment_becomes_variables() -> None:
    found = variables(contract(), ["docker.io/istio/pilot:1.31", "docker.io/istio/pilot:1.30", "busybox:1"])
    assert found["environment"] == "dev"
    assert found["zones"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert found["networks"] == {"machines": "10.20.0.0/16", "pods": "100.64.0.0/16", "services": "10.92.0.0/20"}
    assert found["kubernetes_version"] == "1.37"
    assert found["repositories"] == ["docker.io/istio/pilot", "docker.io/library/busybox"]
    assert (found["nat_per_zone"], found["cdn_enabled"], found["gateway_port"]) == (False, True, 30443)
    assert found["node_groups"]["general"] == {
        "capacity": "ON_DEMAND",
        "count": 2,
        "min": 1,
        "max": 4,
        "ami_type": "AL2023_x86_64_STANDARD",
        "instance_types": ["m7i.large"],
        "zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
        "labels": {"gantry.dev/pool": "general", "gantry.dev/capacity": "on_demand"},
        "taints": [],
    }


def test_public_images_need_no_repositories() -> None:
    assert variables(contract(platform_image_source="upstream"), ["busybox:1"])["repositories"] == []


def test_state_lies_in_a_bucket_of_the_account() -> None:
    assert backend(contract()) == {
        "bucket": "gantry-dev-123456789012-state",
        "key": "dev/platform.tfstate",
        "region": "eu-central-1",
        "use_lockfile": True,
    }
    assert bootstrap(contract())["bucket"] == backend(contract())["bucket"]


def test_a_longest_name_fits_a_bucket() -> None:
    assert len(backend(contract(platform_environment="a" * 11))["bucket"]) <= 63


def test_a_floor_is_a_group_of_its_own() -> None:
    spot = pool(capacity="spot", count=3, min=1, max=6, on_demand_floor=2, zones=["b"], labels={"team": "shop"})
    first, second = node_groups([spot], "eu-central-1", "abc")
    assert (first.name, first.capacity, first.count, first.min, first.max) == ("work", "SPOT", 1, 0, 4)
    assert (second.name, second.capacity, second.count, second.min, second.max) == ("work-floor", "ON_DEMAND", 2, 2, 2)
    assert first.zones == second.zones == ("eu-central-1b",)
    assert first.labels == {"gantry.dev/pool": "work", "gantry.dev/capacity": "spot", "team": "shop"}
    assert second.labels["gantry.dev/capacity"] == "on_demand"


def test_a_pool_that_is_all_floor_has_no_spot_group() -> None:
    [group] = node_groups([pool(capacity="spot", count=1, max=1, on_demand_floor=1)], "eu-central-1", "abc")
    assert (group.name, group.capacity) == ("work-floor", "ON_DEMAND")


@pytest.mark.parametrize(
    ("effect", "said"),
    [("NoSchedule", "NO_SCHEDULE"), ("PreferNoSchedule", "PREFER_NO_SCHEDULE"), ("NoExecute", "NO_EXECUTE")],
)
def test_taints_are_written_as_eks_writes_them(effect: str, said: str) -> None:
    [group] = node_groups([pool(taints=[{"key": "dedicated", "value": "x", "effect": effect}])], "eu-central-1", "abc")
    assert group.taints == (("dedicated", "x", said),)


@pytest.mark.parametrize(
    ("pools", "said"),
    [
        ([pool(role="control_plane")], "pool work is a control plane, which EKS brings itself"),
        ([pool(instance_types=["m7g.large", "g4dn.xlarge"])], "pool work mixes processors"),
        ([pool(capacity="spot", on_demand_floor=1, max=3), pool(name="work-floor")], "called 'work-floor'"),
    ],
)
def test_pools_that_cannot_be_groups_are_refused(pools: list[Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        node_groups(pools, "eu-central-1", "abc")


@pytest.mark.parametrize(
    ("kind", "arm"), [("m7g.large", True), ("c7gn.large", True), ("g4dn.xlarge", False), ("m7a.large", False)]
)
def test_the_image_is_of_the_processor(kind: str, arm: bool) -> None:
    [group] = node_groups([pool(instance_types=[kind])], "eu-central-1", "abc")
    assert group.ami_type == ("AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD")


def test_other_drivers_have_no_variables() -> None:
    local = yaml.safe_load((ROOT / "inventories/local/group_vars/all/platform.yml").read_text())
    found, _, mistakes = parse(local)
    assert mistakes == []
    for function in (variables, bootstrap, backend):
        with pytest.raises(ValueError, match="platform_driver is 'machines'"):
            function(found)


def test_outputs_are_read_by_name() -> None:
    maps = ("node_groups", "private_subnets", "registry_repositories", "cdn_invalidations")
    value = {name: {} if name in maps else "x" for name in outputs.Outputs.model_fields}
    told = {"platform": value}
    assert outputs.read(told).cluster_name == "x"
    del value["cluster_name"]
    with pytest.raises(ValueError, match=r"cluster_name: Field required.*apply this release"):
        outputs.read(told)


def test_the_example_is_an_inventory() -> None:
    assert Contract.model_validate(inventory()).platform_aws is not None
    assert AWS["account"] == "123456789012"
