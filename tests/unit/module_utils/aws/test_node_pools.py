"""The life of a node pool against moto's server: make, again, change each field, again, remove, again.

Each step first in check mode, which must tell exactly what the step then does.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import AwsError
from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import SpecError

from .bench import ROLE, SPEC, Aws

CHANGES: dict[str, dict[str, Any]] = {
    "label added": {"labels": {**(SPEC.labels or {}), "new": "1"}},
    "label's value": {"labels": {"team": "shop", "tier": "api"}},
    "label removed": {"labels": {"team": "shop"}},
    "labels all removed": {"labels": {}},
    "taint added": {"taints": (*(SPEC.taints or ()), {"key": "gpu", "value": "", "effect": "NoExecute"})},
    "taint's value": {"taints": ({"key": "dedicated", "value": "web", "effect": "NoSchedule"},)},
    "taint's effect": {"taints": ({"key": "dedicated", "value": "batch", "effect": "PreferNoSchedule"},)},
    "taints all removed": {"taints": ()},
    "min": {"min": 2},
    "max": {"max": 9},
    "min above what runs": {"min": 3, "count": 3},
    "update's number": {"update": {"max_unavailable": 2}},
    "update in per cent": {"update": {"max_unavailable_percentage": 25}},
    "update's strategy": {"update": {"max_unavailable": 1, "strategy": "minimal"}},
    "repair": {"repair": False},
}


def test_a_pool_is_made_once(aws: Aws) -> None:
    assert aws.written(lambda: aws.present(check=True)) == []
    told, made = aws.present(check=True), aws.present()
    assert told.actions[0] == made.actions[0] == "create node pool spot"
    assert (told.before, made.before) == ({}, {})
    assert told.after == {key: made.after[key] for key in told.after}
    assert made.live["status"] == "ACTIVE"
    again = aws.present()
    assert not again.changed
    assert again.before == again.after == made.after
    assert aws.written(aws.present) == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_field_is_changed_once_and_in_place(aws: Aws, change: dict[str, Any]) -> None:
    aws.present()
    arn = aws.pool()["nodegroupArn"]
    assert aws.written(lambda: aws.present(check=True, **change)) == []
    told = aws.present(check=True, **change)
    assert told.changed
    assert told.before != told.after
    done = aws.present(**change)
    assert done.actions == told.actions
    assert done.after == told.after, "check mode told something else"
    assert aws.pool()["nodegroupArn"] == arn
    assert aws.written(lambda: aws.present(**change)) == []
    assert not aws.present(check=True, **change).changed


FIXED: dict[str, dict[str, Any]] = {
    "node_role": {"node_role": f"{ROLE}-2"},
    "subnets": {"subnets": ("subnet-1",)},
    "capacity": {"capacity": "on_demand"},
    "instance_types": {"instance_types": ("m7i.xlarge",)},
    "ami_type": {"ami_type": "AL2023_ARM_64_STANDARD"},
    "disk_size": {"disk_size": 50},
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("name", "change"), FIXED.items())
def test_what_cannot_be_changed_is_refused_before_anything_is(
    aws: Aws, name: str, change: dict[str, Any], check: bool
) -> None:
    aws.present()
    before = aws.pool()
    with pytest.raises(SpecError, match=f"EKS cannot change {name}") as told:
        aws.present(check=check, labels={"other": "1"}, **change)
    assert "another name beside it" in str(told.value)
    assert aws.pool() == before


def test_several_changes_are_one_call(aws: Aws) -> None:
    aws.present()
    change: dict[str, Any] = {"labels": {"a": "b"}, "taints": (), "max": 7, "repair": False}
    assert aws.written(lambda: aws.present(**change)) == ["UpdateNodegroupConfig"]


def test_a_pool_is_removed_once(aws: Aws) -> None:
    aws.present()
    assert aws.written(lambda: aws.absent(check=True)) == []
    told = aws.absent(check=True)
    assert (told.actions, bool(told.before), told.after) == (["delete node pool spot"], True, {})
    assert aws.absent().changed
    assert aws.pool() == {}
    assert not aws.absent().changed
    assert aws.written(aws.absent) == []


# --- what community.aws' eks_nodegroup does wrong (2025): each is a test here


def test_a_changed_taint_is_no_type_error(aws: Aws) -> None:
    aws.present()
    aws.present(taints=({"key": "dedicated", "value": "web", "effect": "NoExecute"},))
    assert aws.pool()["taints"] == [{"key": "dedicated", "value": "web", "effect": "NO_EXECUTE"}]


def test_taints_of_a_pool_that_had_none_are_set(aws: Aws) -> None:
    aws.present(taints=())
    aws.backend.nodegroups["spot"].taints = []
    aws.present()
    assert aws.pool()["taints"] == [{"key": "dedicated", "value": "batch", "effect": "NO_SCHEDULE"}]


def test_a_changed_value_of_a_label_is_not_ignored(aws: Aws) -> None:
    aws.present()
    assert aws.present(labels={"team": "shop", "tier": "api"}).changed
    assert aws.pool()["labels"] == {"team": "shop", "tier": "api"}


def test_check_mode_does_not_lie(aws: Aws) -> None:
    aws.present()
    change: dict[str, Any] = {"labels": {}, "taints": (), "update": {"max_unavailable": 3}}
    told, done = aws.present(check=True, **change), aws.present(**change)
    assert told.changed is done.changed is True
    assert told.after == done.after


@pytest.mark.parametrize("running", [1, 3, 5])
def test_what_the_autoscaler_made_of_it_is_never_reset(aws: Aws, running: int) -> None:
    aws.present()
    aws.backend.nodegroups["spot"].scaling_config["desiredSize"] = running
    assert not aws.present().changed
    assert aws.present(max=8).changed
    assert aws.pool()["scalingConfig"] == {"minSize": 1, "maxSize": 8, "desiredSize": running}


def test_nodes_are_moved_only_as_far_as_the_bounds_ask(aws: Aws) -> None:
    aws.present()
    aws.backend.nodegroups["spot"].scaling_config["desiredSize"] = 5
    assert aws.present(max=4).after["count"] == 4
    assert aws.pool()["scalingConfig"] == {"minSize": 1, "maxSize": 4, "desiredSize": 4}


def test_amazon_linux_2023_is_what_nodes_start_from(aws: Aws) -> None:
    aws.present()
    assert aws.pool()["amiType"] == "AL2023_x86_64_STANDARD"
    aws.absent()
    aws.present(ami_type="AL2023_ARM_64_STANDARD")
    assert aws.pool()["amiType"] == "AL2023_ARM_64_STANDARD"


def test_a_failed_wait_has_reasons(aws: Aws) -> None:
    aws.present()
    pool = aws.backend.nodegroups["spot"]
    pool.status = "CREATING"
    pool.health = {
        "issues": [{"code": "Ec2SubnetNotFound", "message": "The subnet does not exist.", "resourceIds": ["subnet-1"]}]
    }
    with pytest.raises(AwsError) as told:
        aws.present()
    assert str(told.value) == (
        "Failed to bring node pool spot up: it is CREATING: Ec2SubnetNotFound: The subnet does not exist (subnet-1). "
        "Make the subnet again, or make the pool anew under another name"
    )
    assert aws.pauses == [], "what is hopeless is not waited for"


def test_settings_that_nobody_states_stay(aws: Aws) -> None:
    aws.present()
    stated: dict[str, Any] = dict.fromkeys(
        ("labels", "taints", "update", "repair", "tags", "instance_types", "ami_type")
    )
    assert not aws.present(**stated).changed


# --- bad arguments


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"count": 9}, "count 9 is not between min 1 and max 5"),
        ({"min": 0, "count": 0, "max": 0}, "max 0 is too small"),
        ({"update": {"max_unavailable": 1, "max_unavailable_percentage": 5}}, "keep one of them"),
        ({"taints": (SPEC.taints or ()) * 2}, "dedicated:NoSchedule more than once"),
    ],
)
def test_bad_arguments_are_refused_before_any_call(aws: Aws, change: dict[str, Any], said: str) -> None:
    aws.calls.clear()
    with pytest.raises(SpecError, match=said):
        aws.present(**change)
    assert aws.calls == []
