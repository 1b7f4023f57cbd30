"""Faults of AWS and of the way to it. Each ends well, or in words that say what to do; the next run finishes it all.

Faults are put between botocore and moto's server, below botocore's own retries, so that these are proved too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import AwsError, Outcome
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)

from .bench import SPEC, Aws, Fault

URL = "https://eks"
FOR_GOOD = 999
ROLE_UNSEEN = "The role arn:aws:iam::123456789012:role/node is not authorized or cannot be assumed."


def refused(operation: str, code: str, message: str = "no", **more: Any) -> Fault:
    """AWS's answer that it does not."""
    return Fault(operation, code, message, **more)


def pool_is(status: str, *issues: tuple[str, str]) -> Callable[[Aws], None]:
    """Makes the pool be in a state, with issues."""

    def turn(aws: Aws) -> None:
        if pool := aws.backend.nodegroups.get(SPEC.name):
            pool.status = status
            told = [{"code": code, "message": message, "resourceIds": ["i-1"]} for code, message in issues]
            pool.health = {"issues": told}

    return turn


def pool_goes(aws: Aws) -> None:
    """Somebody else deletes the pool."""
    aws.backend.nodegroups.pop(SPEC.name, None)
    aws.backend.nodegroup_count = len(aws.backend.nodegroups)


def pool_comes(aws: Aws) -> None:
    """Somebody else makes the same pool, but for a label."""
    from moto.eks.models import eks_backends

    request: dict[str, Any] = {
        "labels": {"team": "other"},
        "scaling_config": {"minSize": 1, "maxSize": 5, "desiredSize": 2},
    }
    backend = eks_backends["123456789012"]["eu-central-1"]
    backend.create_nodegroup(
        "dev",
        SPEC.node_role,
        SPEC.name,
        list(SPEC.subnets),
        capacity_type="SPOT",
        instance_types=list(SPEC.instance_types or ()),
        ami_type="AL2023_x86_64_STANDARD",
        tags=dict(SPEC.tags or {}),
        **request,
    )


def seen(skip: int, then: Callable[[Aws], None], times: int = 1) -> Fault:
    """What has come about when we look for the (skip + 1)th time."""
    return Fault("DescribeNodegroup", then=then, skip=skip, times=times)


@dataclass
class Case:
    """A fault: while the pool is made, changed (`change`) or removed; and how it ends: "" well, else what is told."""

    faults: list[Fault]
    told: str = ""
    verb: str = "make"
    left: Callable[[Aws], None] | None = None
    """What an earlier run, or somebody else, has left."""
    again: str = field(default="")
    """What the next run has to do, where it is more than to look."""


MAKE, CHANGE, REMOVE = "CreateNodegroup", "UpdateNodegroupConfig", "DeleteNodegroup"
CASES: dict[str, Case] = {
    # throttling
    "creating is throttled for a while": Case([refused(MAKE, "ThrottlingException", status=429, times=3)]),
    "looking is throttled for a while": Case([refused("DescribeNodegroup", "TooManyRequestsException", times=3)]),
    "changing is throttled for a while": Case([refused(CHANGE, "Throttling", times=4)], verb="change"),
    "removing is throttled for a while": Case([refused(REMOVE, "RequestLimitExceeded", times=2)], verb="remove"),
    "throttled for good": Case(
        [refused(MAKE, "ThrottlingException", "Rate exceeded", times=FOR_GOOD)],
        "create node pool spot: ThrottlingException: Rate exceeded. The account's calls.* run again in a minute",
    ),
    "waiting is throttled longer than a call is repeated": Case(
        [refused("DescribeNodegroup", "ThrottlingException", skip=2, times=10)]
    ),
    # AWS's own trouble
    "a server's failure passes": Case([refused(MAKE, "ServerException", status=500, times=2)]),
    "the service is not available for good": Case(
        [refused(MAKE, "ServiceUnavailableException", "down", status=503, times=FOR_GOOD)],
        "create node pool spot: ServiceUnavailableException: down. This is AWS's own trouble.* run again later",
    ),
    "a gateway on the way answers with 502": Case([refused("DescribeNodegroup", "502", status=502, times=2)]),
    # the way to AWS
    "no connection for a while": Case([Fault(MAKE, raised=EndpointConnectionError(endpoint_url=URL), times=3)]),
    "no connection for good": Case(
        [Fault("DescribeNodegroup", raised=EndpointConnectionError(endpoint_url=URL), times=FOR_GOOD)],
        "look at node pool spot: Could not connect.* See that this host reaches AWS",
    ),
    "TLS is opened by a proxy": Case(
        [Fault("DescribeNodegroup", raised=SSLError(endpoint_url=URL, error=OSError("self-signed")), times=FOR_GOOD)],
        "look at node pool spot: SSL validation failed.*AWS_CA_BUNDLE",
    ),
    "no answer to a request that never arrived": Case([Fault(MAKE, raised=ReadTimeoutError(endpoint_url=URL))]),
    "the answer to a creation is lost": Case([Fault(MAKE, raised=ReadTimeoutError(endpoint_url=URL), after=True)]),
    "the answer to a change is lost": Case(
        [Fault(CHANGE, raised=ConnectionClosedError(endpoint_url=URL), after=True)], verb="change"
    ),
    "the answer to a removal is lost": Case(
        [Fault(REMOVE, raised=ConnectionClosedError(endpoint_url=URL), after=True)], verb="remove"
    ),
    # who we are
    "no credentials": Case(
        [Fault("DescribeNodegroup", raised=NoCredentialsError())],
        "look at node pool spot: Unable to locate credentials. Log in, or set AWS_PROFILE",
    ),
    "the token has expired": Case(
        [refused(MAKE, "ExpiredTokenException", "expired", status=403)],
        "create node pool spot: ExpiredTokenException: expired. Log in again.* goes on where this ended",
    ),
    "the token expires while we wait": Case(
        [refused("DescribeNodegroup", "ExpiredTokenException", "expired", status=403, skip=2)],
        "create node pool spot: ExpiredTokenException: expired. Log in again",
        again="set update settings, repair",
    ),
    "credentials of nobody": Case(
        [refused("DescribeNodegroup", "UnrecognizedClientException", status=403)],
        "look at node pool spot: UnrecognizedClientException.* log in anew",
    ),
    "the clock is wrong": Case(
        [refused("DescribeNodegroup", "InvalidSignatureException", status=403)],
        "InvalidSignatureException.* Set this host's clock",
    ),
    "creating is not allowed": Case(
        [refused(MAKE, "AccessDeniedException", "no eks:CreateNodegroup", status=403)],
        "no eks:CreateNodegroup. Allow the caller this action by a policy of IAM",
    ),
    "changing is not allowed": Case(
        [refused(CHANGE, "AccessDeniedException", status=403)],
        "set labels of node pool spot: AccessDenied.* policy of IAM",
        verb="change",
        again="set labels",
    ),
    # eventual consistency
    "the role is not seen yet": Case([refused(MAKE, "InvalidParameterException", ROLE_UNSEEN, times=4)]),
    "the role is never seen": Case(
        [refused(MAKE, "InvalidParameterException", ROLE_UNSEEN, times=FOR_GOOD)],
        "cannot be assumed. Correct the argument that it names",
    ),
    "what was made is not seen yet": Case([refused("DescribeNodegroup", "ResourceNotFoundException", skip=1, times=3)]),
    "another change has not ended yet": Case(
        [refused(CHANGE, "ResourceInUseException", "an update is in progress", times=3)], verb="change"
    ),
    "another change never ends": Case(
        [refused(CHANGE, "ResourceInUseException", "an update is in progress", times=FOR_GOOD)],
        "set labels of node pool spot: ResourceInUse.* Something else is changing or using it",
        verb="change",
        again="set labels",
    ),
    # quota and arguments
    "the quota is used up": Case(
        [refused(MAKE, "ResourceLimitExceededException", "30 node groups")],
        "30 node groups. Raise the quota in Service Quotas, or delete",
    ),
    "an argument is wrong": Case(
        [refused(MAKE, "InvalidParameterException", "Subnets are not of the cluster's VPC")],
        "Subnets are not of the cluster's VPC. Correct the argument",
    ),
    "a code that nobody knows": Case([refused(MAKE, "NewException", "new")], "NewException: new. See what AWS says"),
    # behind our back
    "somebody else makes it meanwhile": Case([Fault(MAKE, then=pool_comes)]),
    "deleted while we wait for it": Case(
        [seen(2, pool_goes)],
        "create node pool spot: it was deleted behind our back while we waited.* run again to make it anew",
        again="create node pool spot",
    ),
    "deleted before it is changed": Case(
        [Fault(CHANGE, then=pool_goes)],
        "set labels of node pool spot: ResourceNotFoundException.* run again to make it anew",
        verb="change",
        again="create node pool spot",
    ),
    "deleted before we remove it": Case([Fault(REMOVE, then=pool_goes)], verb="remove"),
    "somebody is deleting it": Case(
        [seen(1, pool_goes)], left=lambda aws: (aws.present(), pool_is("DELETING")(aws))[-1]
    ),
    "somebody is deleting it, and so are we": Case(
        [seen(1, pool_goes)], verb="remove", left=lambda aws: pool_is("DELETING")(aws)
    ),
    # states that fail
    "nodes do not join": Case(
        [seen(2, pool_is("CREATE_FAILED", ("NodeCreationFailure", "Instances failed to join.")))],
        r"create node pool spot: it is CREATE_FAILED: NodeCreationFailure: Instances failed to join \(i-1\)",
        again="delete node pool spot, whose creation had failed",
    ),
    "no free addresses": Case(
        [seen(2, pool_is("CREATE_FAILED", ("InsufficientFreeAddresses", "none left")))],
        "InsufficientFreeAddresses: none left.* Give larger subnets",
        again="delete node pool spot, whose creation had failed",
    ),
    "a lack of spot capacity passes": Case(
        [
            seen(2, pool_is("CREATING", ("AsgInstanceLaunchFailures", "no spot")), times=3),
            seen(5, pool_is("ACTIVE")),
        ]
    ),
    "a lack of spot capacity stays": Case(
        [seen(2, pool_is("CREATING", ("AsgInstanceLaunchFailures", "no spot")), times=FOR_GOOD)],
        r"it is still CREATING after 60 s, and EKS tells AsgInstanceLaunchFailures: no spot \(i-1\). Name more inst",
    ),
    "an instance type that is not there": Case(
        [seen(2, pool_is("CREATING", ("Ec2InstanceTypeDoesNotExist", "m99.large")), times=FOR_GOOD)],
        "it is CREATING: Ec2InstanceTypeDoesNotExist.* instance types that the region has",
    ),
    "the nodes' role is gone": Case(
        [],
        "DEGRADED: IamNodeRoleNotFound.* Make the nodes' role again",
        left=lambda aws: (aws.present(), pool_is("DEGRADED", ("IamNodeRoleNotFound", "role/node"))(aws))[-1],
    ),
    "it cannot be deleted": Case(
        [seen(1, pool_is("DELETE_FAILED", ("Ec2SecurityGroupDeletionFailure", "in use"))), Fault(REMOVE, body={})],
        "delete node pool spot: it is DELETE_FAILED: Ec2SecurityGroupDeletionFailure: in use",
        verb="remove",
    ),
    # interruptions
    "killed once it was made": Case(
        [Fault(MAKE, raised=KeyboardInterrupt(), after=True)], "", again="set update settings, repair"
    ),
    "killed while it was changed": Case([Fault(CHANGE, raised=KeyboardInterrupt(), after=True)], "", verb="change"),
    "an earlier run was killed while it was made": Case(
        [seen(2, pool_is("ACTIVE"))], left=lambda aws: (aws.present(), pool_is("CREATING")(aws))[-1]
    ),
    "an earlier run was killed while it was changed": Case(
        [seen(2, pool_is("ACTIVE"))], verb="change", left=lambda aws: pool_is("UPDATING")(aws)
    ),
}


def test_there_are_at_least_forty() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_a_fault(aws: Aws, name: str) -> None:
    case = CASES[name]
    labels = {"team": "changed"} if case.verb == "change" else SPEC.labels

    def act() -> Outcome:
        return aws.absent() if case.verb == "remove" else aws.present(labels=labels)

    if case.verb != "make":
        aws.present()
    if case.left:
        case.left(aws)
    aws.faults = [replace(fault) for fault in case.faults]
    killed = any(isinstance(fault.raised, KeyboardInterrupt) for fault in case.faults)
    if killed:
        with pytest.raises(KeyboardInterrupt):
            act()
    elif case.told:
        with pytest.raises(AwsError, match=f"(?s)^Failed to .*{case.told}"):
            act()
    else:
        act()
    if not case.left:
        met = [fault for fault, was in zip(aws.faults, case.faults, strict=True) if fault.times != was.times]
        assert len(met) == len(aws.faults), "the fault was not met"

    # The next run, with the fault gone, finishes it; the one after it finds nothing to do.
    aws.faults = []
    pool_is("ACTIVE")(aws) if aws.pool().get("status") not in (None, "CREATE_FAILED", "DELETE_FAILED") else None
    outcome = act()
    if case.told or killed:
        assert case.again in " | ".join(outcome.actions)
    else:
        assert outcome.actions == []
    assert not act().changed
    if case.verb == "remove":
        assert aws.pool() == {}
    else:
        assert aws.pool()["labels"] == labels
        assert list(aws.backend.nodegroups) == [SPEC.name], "something is left over"
