"""The life of a cluster: against moto's server as far as that goes, the rest by answers held against EKS' model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.aws import clusters, node_pools
from ansible_collections.gantry.platform.plugins.module_utils.aws.cluster_model import (
    OURS,
    POLICY,
    Access,
    Addon,
    ClusterSpec,
)
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import AwsError, Outcome
from ansible_collections.gantry.platform.plugins.module_utils.aws.pool_model import Template
from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import SpecError
from botocore.stub import Stubber

from .bench import ACCOUNT, CLUSTER, SPEC, TIMEOUT, Aws, Fault

KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/platform"
WANTED = ClusterSpec(
    name="new",
    role=f"arn:aws:iam::{ACCOUNT}:role/cluster",
    version="1.34.2",
    subnets=("subnet-1", "subnet-2"),
    services_network="10.92.0.0/20",
    key=KEY,
    logs=("api", "audit"),
    tags={"owner": "platform"},
)
LIVE: dict[str, Any] = {
    "name": "new",
    "arn": f"arn:aws:eks:eu-central-1:{ACCOUNT}:cluster/new",
    "status": "ACTIVE",
    "version": "1.34",
    "roleArn": WANTED.role,
    "resourcesVpcConfig": {
        "subnetIds": list(WANTED.subnets),
        "endpointPublicAccess": False,
        "endpointPrivateAccess": True,
        "publicAccessCidrs": ["0.0.0.0/0"],
    },
    "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.92.0.0/20"},
    "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": KEY}}],
    "logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]},
    "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
    "upgradePolicy": {"supportType": "EXTENDED"},
    "deletionProtection": False,
    "tags": {"owner": "platform", "aws:cloudformation:stack-name": "not ours"},
}
RUNNING, DONE = {"update": {"id": "u1", "status": "InProgress"}}, {"update": {"id": "u1", "status": "Successful"}}


def make(aws: Aws, check: bool = False, **change: Any) -> Outcome:
    return clusters.present(aws.client, replace(WANTED, **change), check, TIMEOUT)


# --- against moto's server


def test_a_cluster_is_made_once(aws: Aws) -> None:
    assert aws.written(lambda: make(aws, check=True)) == []
    told, made = make(aws, check=True), make(aws)
    assert told.actions == made.actions == ["create cluster new"]
    assert made.after == told.after | {name: made.after[name] for name in set(made.after) - set(told.after)}
    assert made.live["endpoint"].startswith("https://")
    assert not make(aws).changed
    assert aws.written(lambda: make(aws)) == []


def test_a_cluster_is_removed_once_and_not_with_its_pools(aws: Aws) -> None:
    aws.present()
    for check in (True, False):
        with pytest.raises(AwsError, match=r"delete cluster dev: it has node pools \(spot\). Remove them first"):
            clusters.absent(aws.client, CLUSTER, check, TIMEOUT)
    aws.absent()
    assert aws.written(lambda: clusters.absent(aws.client, CLUSTER, True, TIMEOUT)) == []
    assert clusters.absent(aws.client, CLUSTER, False, TIMEOUT).actions == ["delete cluster dev"]
    assert not clusters.absent(aws.client, CLUSTER, False, TIMEOUT).changed
    assert aws.client.list_clusters()["clusters"] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"role": f"arn:aws:iam::{ACCOUNT}:role/other"}, "EKS cannot change role"),
        ({"services_network": "10.93.0.0/20"}, "EKS cannot change services_network"),
        ({"key": f"{KEY}2"}, "EKS cannot change key"),
        ({"version": "1.33"}, "version 1.33 is older than the cluster's"),
        ({"version": "1.36"}, "1.36 skips a minor version after 1.34: set 1.35 first"),
        ({"subnets": ("subnet-1",)}, "too few: EKS wants subnets of two zones"),
        ({"public_networks": ("10.0.0.0/8",)}, "public_endpoint is false"),
        ({"access": (Access("a", "b"),), "authentication": "config_map"}, "access needs authentication api"),
        ({"addons": (Addon("coredns"), Addon("coredns"))}, "addons has coredns more than once"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_touched(aws: Aws, change: dict[str, Any], told: str) -> None:
    make(aws)
    for check in (True, False):

        def refused(check: bool = check) -> None:
            with pytest.raises(SpecError, match=told):
                make(aws, check, logs=(), **change)

        assert aws.written(refused) == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            Fault("CreateCluster", "UnsupportedAvailabilityZoneException", "no room in eu-central-1d"),
            "create cluster new: UnsupportedAvailabilityZone.*give subnets in other zones",
        ),
        (Fault("CreateCluster", "ResourceLimitExceededException", "100 clusters"), "Service Quotas"),
        (Fault("CreateCluster", "ExpiredTokenException", "old", status=403), "Log in again"),
    ],
)
def test_a_fault_is_told_and_the_next_run_makes_it(aws: Aws, fault: Fault, told: str) -> None:
    aws.faults = [fault]
    with pytest.raises(AwsError, match=f"(?is)^Failed to .*{told}"):
        make(aws)
    assert make(aws).actions == ["create cluster new"]
    assert not make(aws).changed


# --- by answers held against EKS' model


def queue(stubber: Stubber, calls: Iterable[tuple[str, dict[str, Any], dict[str, Any]]]) -> None:
    """Queue (method, request, answer)."""
    for method, request, answer in calls:
        stubber.add_response(method, answer, request)


def look(**change: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return "describe_cluster", {"name": "new"}, {"cluster": {**LIVE, **change}}


def update(**answer: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return "describe_update", {"name": "new", "updateId": "u1"}, {"update": {"id": "u1", **answer}}


STEPS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "the endpoint": (
        {"public_endpoint": True, "public_networks": ("192.0.2.0/24",)},
        "update_cluster_config",
        {
            "resourcesVpcConfig": {
                "endpointPublicAccess": True,
                "endpointPrivateAccess": True,
                "publicAccessCidrs": ["192.0.2.0/24"],
            }
        },
    ),
    "subnets": (
        {"subnets": ("subnet-1", "subnet-3")},
        "update_cluster_config",
        {"resourcesVpcConfig": {"subnetIds": ["subnet-1", "subnet-3"]}},
    ),
    "logs": (
        {"logs": ("audit",)},
        "update_cluster_config",
        {
            "logging": {
                "clusterLogging": [
                    {"types": ["audit"], "enabled": True},
                    {"types": ["api", "authenticator", "controllerManager", "scheduler"], "enabled": False},
                ]
            }
        },
    ),
    "authentication": (
        {"authentication": "api"},
        "update_cluster_config",
        {"accessConfig": {"authenticationMode": "API"}},
    ),
    "support": ({"support": "standard"}, "update_cluster_config", {"upgradePolicy": {"supportType": "STANDARD"}}),
    "protection": ({"deletion_protection": True}, "update_cluster_config", {"deletionProtection": True}),
    "version": ({"version": "1.35"}, "update_cluster_version", {"version": "1.35"}),
}


@pytest.mark.parametrize(("change", "method", "request_"), STEPS.values(), ids=STEPS)
def test_a_changed_field_is_one_update_that_is_waited_for(
    stubbed: Stubber, change: dict[str, Any], method: str, request_: dict[str, Any]
) -> None:
    spec = replace(WANTED, **change)
    queue(stubbed, [look()])
    told = clusters.present(stubbed.client, spec, True, TIMEOUT)
    assert told.changed
    assert told.before != told.after
    stubbed.assert_no_pending_responses()
    queue(
        stubbed,
        [
            look(),
            (method, {"name": "new", **request_}, RUNNING),
            update(status="InProgress"),
            update(status="Successful"),
            look(),
            look(),
        ],
    )
    assert clusters.present(stubbed.client, spec, False, TIMEOUT).actions == told.actions
    stubbed.assert_no_pending_responses()


def test_secrets_are_encrypted_where_they_were_not(stubbed: Stubber) -> None:
    encryption = [{"resources": ["secrets"], "provider": {"keyArn": KEY}}]
    request = {"clusterName": "new", "encryptionConfig": encryption}
    queue(stubbed, [look(encryptionConfig=[]), ("associate_encryption_config", request, DONE), look()])
    assert clusters.present(stubbed.client, WANTED, False, TIMEOUT).actions == ["encrypt secrets of cluster new"]
    stubbed.assert_no_pending_responses()


def test_an_update_that_fails_tells_its_reasons(stubbed: Stubber) -> None:
    errors = [{"errorCode": "IpNotAvailable", "errorMessage": "too few", "resourceIds": ["subnet-1"]}]
    request = {"name": "new", "version": "1.35"}
    queue(stubbed, [look(), ("update_cluster_version", request, RUNNING), update(status="Failed", errors=errors)])
    with pytest.raises(AwsError) as told:
        clusters.present(stubbed.client, replace(WANTED, version="1.35"), False, TIMEOUT)
    assert str(told.value) == (
        "Failed to upgrade to version 1.35 of cluster new: it is Failed: IpNotAvailable: too few (subnet-1). "
        "Give larger subnets, or free addresses in those, then run again"
    )


def test_tags_of_others_stay(stubbed: Stubber) -> None:
    arn = LIVE["arn"]
    queue(
        stubbed,
        [
            look(),
            ("tag_resource", {"resourceArn": arn, "tags": {"team": "shop"}}, {}),
            ("untag_resource", {"resourceArn": arn, "tagKeys": ["owner"]}, {}),
            look(),
        ],
    )
    outcome = clusters.present(stubbed.client, replace(WANTED, tags={"team": "shop"}), False, TIMEOUT)
    assert outcome.actions == ["set tags team of cluster new", "remove tags owner of cluster new"]


@pytest.mark.parametrize("check", [True, False])
def test_a_protected_cluster_is_not_removed(stubbed: Stubber, check: bool) -> None:
    queue(stubbed, [look(deletionProtection=True), ("list_nodegroups", {"clusterName": "new"}, {"nodegroups": []})])
    with pytest.raises(AwsError, match=r"protected from deletion\. Set deletion_protection: false first"):
        clusters.absent(stubbed.client, "new", check, TIMEOUT)


def test_a_cluster_that_failed_is_told_and_not_touched(stubbed: Stubber) -> None:
    issues = [{"code": "IamRoleNotFound", "message": "gone", "resourceIds": ["role/cluster"]}]
    queue(stubbed, [look(status="FAILED", health={"issues": issues})])
    with pytest.raises(AwsError, match=r"it is FAILED: IamRoleNotFound: gone \(role/cluster\). Remove it"):
        clusters.present(stubbed.client, WANTED, False, TIMEOUT)


def addon(**answer: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    request = {"clusterName": "new", "addonName": "coredns"}
    return "describe_addon", request, {"addon": {"addonName": "coredns", **answer}}


def test_an_addon_is_installed_changed_and_left_alone(stubbed: Stubber) -> None:
    wanted = Addon("coredns", configuration={"replicaCount": 3})
    spec = replace(WANTED, addons=(wanted,))
    request = {"clusterName": "new", "addonName": "coredns", "configurationValues": '{"replicaCount": 3}'}
    queue(stubbed, [look()])
    stubbed.add_client_error("describe_addon", "ResourceNotFoundException")
    queue(
        stubbed,
        [
            ("create_addon", {**request, "resolveConflicts": "NONE"}, {"addon": {"status": "CREATING"}}),
            addon(status="CREATING"),
            addon(status="ACTIVE"),
            look(),
        ],
    )
    assert clusters.present(stubbed.client, spec, False, TIMEOUT).actions == ["install add-on coredns"]
    queue(stubbed, [look(), addon(status="ACTIVE", configurationValues='{"replicaCount":3}'), look()])
    assert not clusters.present(stubbed.client, spec, False, TIMEOUT).changed
    queue(
        stubbed,
        [
            look(),
            addon(status="ACTIVE", configurationValues='{"replicaCount":2}'),
            ("update_addon", {**request, "resolveConflicts": "NONE"}, DONE),
            addon(status="ACTIVE"),
            look(),
        ],
    )
    outcome = clusters.present(stubbed.client, spec, False, TIMEOUT)
    assert outcome.actions == ["set configuration of add-on coredns"]
    stubbed.assert_no_pending_responses()


def test_an_addon_that_does_not_run_tells_why(stubbed: Stubber) -> None:
    issues = [{"code": "InsufficientNumberOfReplicas", "message": "0 of 2", "resourceIds": []}]
    queue(stubbed, [look(), addon(status="DEGRADED"), addon(status="DEGRADED", health={"issues": issues})])
    with pytest.raises(AwsError, match=r"add-on coredns .* up: it is DEGRADED: Insufficient.*See that nodes"):
        clusters.present(stubbed.client, replace(WANTED, addons=(Addon("coredns"),)), False, TIMEOUT)


def test_who_may_in(stubbed: Stubber) -> None:
    """One is new, one gets another policy, ours that is not wanted goes, the nodes' own entry stays."""
    guest, former, node = (f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("guest", "former", "node"))
    wanted = (Access(ADMIN, "AmazonEKSClusterAdminPolicy"), Access(guest, "AmazonEKSViewPolicy", ("shop",)))
    everywhere, shop = {"type": "cluster"}, {"type": "namespace", "namespaces": ["shop"]}

    def names(principal: str, **more: Any) -> dict[str, Any]:
        return {"clusterName": "new", "principalArn": principal, **more}

    def policies(*found: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        return {
            "associatedAccessPolicies": [{"policyArn": POLICY + name, "accessScope": scope} for name, scope in found]
        }

    queue(
        stubbed,
        [
            look(),
            ("list_access_entries", {"clusterName": "new"}, {"accessEntries": [guest, former, node]}),
            ("describe_access_entry", names(guest), {"accessEntry": {"tags": OURS}}),
            ("list_associated_access_policies", names(guest), policies(("AmazonEKSEditPolicy", everywhere))),
            ("describe_access_entry", names(former), {"accessEntry": {"tags": OURS}}),
            ("list_associated_access_policies", names(former), policies()),
            ("describe_access_entry", names(node), {"accessEntry": {"type": "EC2_LINUX"}}),
            ("list_associated_access_policies", names(node), policies()),
            ("create_access_entry", names(ADMIN, tags=OURS), {}),
            (
                "associate_access_policy",
                names(ADMIN, policyArn=f"{POLICY}AmazonEKSClusterAdminPolicy", accessScope=everywhere),
                {},
            ),
            ("associate_access_policy", names(guest, policyArn=f"{POLICY}AmazonEKSViewPolicy", accessScope=shop), {}),
            ("disassociate_access_policy", names(guest, policyArn=f"{POLICY}AmazonEKSEditPolicy"), {}),
            ("delete_access_entry", names(former), {}),
            look(),
        ],
    )
    outcome = clusters.present(stubbed.client, replace(WANTED, access=wanted), False, TIMEOUT)
    assert len(outcome.actions) == 5
    stubbed.assert_no_pending_responses()


# --- what moto lacks of pools

POOL: dict[str, Any] = {
    "clusterName": CLUSTER,
    "nodegroupName": SPEC.name,
    "nodegroupArn": "arn:aws:eks:eu-central-1:123456789012:nodegroup/dev/spot/1",
    "status": "ACTIVE",
    "version": "1.34",
    "releaseVersion": "1.34.1-20251101",
    "nodeRole": SPEC.node_role,
    "subnets": list(SPEC.subnets),
    "capacityType": "SPOT",
    "instanceTypes": list(SPEC.instance_types or ()),
    "amiType": "AL2023_x86_64_STANDARD",
    "scalingConfig": {"minSize": 1, "maxSize": 5, "desiredSize": 4},
    "labels": dict(SPEC.labels or {}),
    "taints": [{"key": "dedicated", "value": "batch", "effect": "NO_SCHEDULE"}],
    "updateConfig": {"maxUnavailable": 1},
    "nodeRepairConfig": {"enabled": True},
    "tags": dict(SPEC.tags or {}),
    "launchTemplate": {"id": "lt-1", "name": "nodes", "version": "3"},
}
NAMES = {"clusterName": CLUSTER, "nodegroupName": SPEC.name}
TEMPLATE = Template(id="lt-1", version="3")
ROLLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "version": ({"version": "1.35.1"}, {"version": "1.35"}),
    "release": ({"release": "1.34.1-20251112"}, {"releaseVersion": "1.34.1-20251112"}),
    "template": (
        {"template": Template(id="lt-1", version="4"), "force": True},
        {"launchTemplate": {"id": "lt-1", "version": "4"}, "force": True},
    ),
}


def pool(**change: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    return "describe_nodegroup", NAMES, {"nodegroup": {**POOL, **change}}


def rolled(**answer: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    request = {"name": CLUSTER, "nodegroupName": SPEC.name, "updateId": "u1"}
    return "describe_update", request, {"update": {"id": "u1", **answer}}


@pytest.mark.parametrize(("change", "request_"), ROLLS.values(), ids=ROLLS)
def test_nodes_roll(stubbed: Stubber, change: dict[str, Any], request_: dict[str, Any]) -> None:
    spec = replace(SPEC, **{"template": TEMPLATE, **change})
    queue(stubbed, [pool()])
    told = node_pools.present(stubbed.client, spec, True, TIMEOUT)
    assert told.before != told.after
    queue(
        stubbed,
        [
            pool(),
            ("update_nodegroup_version", {**NAMES, **request_}, RUNNING),
            rolled(status="InProgress"),
            rolled(status="Successful"),
            pool(),
            pool(),
        ],
    )
    assert node_pools.present(stubbed.client, spec, False, TIMEOUT).actions == told.actions
    stubbed.assert_no_pending_responses()


def test_a_roll_that_fails_tells_which_pod_holds_it(stubbed: Stubber) -> None:
    spec = replace(SPEC, template=TEMPLATE, version="1.35")
    errors = [{"errorCode": "PodEvictionFailure", "errorMessage": "Reached max retries", "resourceIds": ["node-1"]}]
    queue(
        stubbed,
        [
            pool(),
            ("update_nodegroup_version", {**NAMES, "version": "1.35"}, RUNNING),
            rolled(status="Failed", errors=errors),
        ],
    )
    with pytest.raises(
        AwsError, match=r"PodEvictionFailure: Reached max retries \(node-1\). Loosen the disruption bud"
    ):
        node_pools.present(stubbed.client, spec, False, TIMEOUT)


def test_a_partial_failure_leaves_the_rest_for_the_next_run(stubbed: Stubber) -> None:
    """Settings are changed, tags are refused: the next run sets the tags alone."""
    spec = replace(SPEC, template=TEMPLATE, max=6, tags={"owner": "shop"})
    tagging: tuple[str, dict[str, Any], dict[str, Any]] = (
        "tag_resource",
        {"resourceArn": POOL["nodegroupArn"], "tags": {"owner": "shop"}},
        {},
    )
    scaling = {**NAMES, "scalingConfig": {"minSize": 1, "maxSize": 6}}
    queue(stubbed, [pool(), ("update_nodegroup_config", scaling, DONE)])
    stubbed.add_client_error("tag_resource", "AccessDeniedException", "no eks:TagResource")
    with pytest.raises(AwsError, match="set tags owner of node pool spot: AccessDeniedException: no eks:TagResource"):
        node_pools.present(stubbed.client, spec, False, TIMEOUT)
    grown = {"scalingConfig": {"minSize": 1, "maxSize": 6, "desiredSize": 4}}
    queue(stubbed, [pool(**grown), tagging, pool(**grown), pool(**grown)])
    assert node_pools.present(stubbed.client, spec, False, TIMEOUT).actions == ["set tags owner of node pool spot"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"template": None}, r"EKS cannot change launch_template \(nodes → none\)"),
        ({"template": Template(id="lt-2")}, "EKS cannot change launch_template.id"),
        ({"template": Template(name="other")}, "EKS cannot change launch_template.name"),
        ({"template": Template(id="lt-1", version="$Latest")}, "means another version tomorrow"),
        ({"template": Template(id="lt-1", name="nodes")}, "either id or name"),
        ({"template": TEMPLATE, "disk_size": 50}, "disk_size 50 belongs in the launch template"),
        ({"template": TEMPLATE, "version": "1.33"}, "1.33 is older than the pool's"),
    ],
)
def test_what_no_pool_does_is_refused(stubbed: Stubber, change: dict[str, Any], told: str) -> None:
    queue(stubbed, [pool()])
    with pytest.raises(SpecError, match=told):
        node_pools.present(stubbed.client, replace(SPEC, **change), False, TIMEOUT)
