"""Waits as data: which state is the end, which is a failure, and where its reasons stand. botocore carries them out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import jmespath
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import (
    AwsError,
    Client,
    explained,
    remedy_of,
)
from botocore.exceptions import ClientError, WaiterError
from botocore.waiter import WaiterModel, create_waiter_with_client

MISSING = "ResourceNotFoundException"
PASSING = ("ThrottlingException", "ServiceUnavailableException", "ServerException")
"""Codes of answers that say nothing about what is waited for."""


@dataclass(frozen=True)
class Wait:
    """What is asked, and what its answers mean.

    `status` and `reasons` are paths (JMESPath) in the answer; a reason is {code, message, resourceIds}.
    `done` and `failed` are states; a reason of `hopeless` ends the wait before the state tells. `gone`: whether it is
    the end that nothing is there any more, else that is a failure. `delay`: seconds between two questions.
    """

    operation: str
    status: str
    reasons: str
    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    hopeless: tuple[str, ...] = ()
    gone: bool = False
    delay: int = 15

    def model(self) -> WaiterModel:
        """As botocore wants it."""
        return WaiterModel(
            {
                "version": 2,
                "waiters": {
                    "It": {
                        "operation": self.operation,
                        "delay": self.delay,
                        "maxAttempts": 40,
                        "acceptors": list(self._acceptors()),
                    }
                },
            }
        )

    def _acceptors(self) -> Iterator[dict[str, Any]]:
        yield {"state": "success" if self.gone else "failure", "matcher": "error", "expected": MISSING}
        for code in PASSING:
            yield {"state": "retry", "matcher": "error", "expected": code}
        for state, names in (("success", self.done), ("failure", self.failed)):
            for name in names:
                yield {"state": state, "matcher": "path", "argument": self.status, "expected": name}
        for code in self.hopeless:
            yield {"state": "failure", "matcher": "pathAny", "argument": f"{self.reasons}[].code", "expected": code}


_HOPELESS = (
    "AccessDenied",
    "AmiIdNotFound",
    "Ec2InstanceTypeDoesNotExist",
    "Ec2LaunchTemplateInvalidConfiguration",
    "Ec2LaunchTemplateNotFound",
    "Ec2SecurityGroupNotFound",
    "Ec2SubnetNotFound",
    "IamInstanceProfileNotFound",
    "IamNodeRoleNotFound",
    "InstanceLimitExceeded",
    "KubernetesLabelInvalid",
)
"""Issues that a node group does not get over by itself. Others, as a lack of spot capacity, may pass."""

_ERRORS = "update.errors[].{code: errorCode, message: errorMessage, resourceIds: resourceIds}"

POOL_ACTIVE = Wait(
    "DescribeNodegroup",
    "nodegroup.status",
    "nodegroup.health.issues",
    done=("ACTIVE",),
    failed=("CREATE_FAILED", "DELETE_FAILED", "DELETING", "DEGRADED"),
    hopeless=_HOPELESS,
)
POOL_DELETED = Wait(
    "DescribeNodegroup", "nodegroup.status", "nodegroup.health.issues", failed=("DELETE_FAILED",), gone=True
)
CLUSTER_ACTIVE = Wait(
    "DescribeCluster",
    "cluster.status",
    "cluster.health.issues",
    done=("ACTIVE",),
    failed=("FAILED", "DELETING"),
    delay=20,
)
CLUSTER_DELETED = Wait(
    "DescribeCluster", "cluster.status", "cluster.health.issues", failed=("ACTIVE", "FAILED"), gone=True, delay=20
)
UPDATED = Wait("DescribeUpdate", "update.status", _ERRORS, done=("Successful",), failed=("Failed", "Cancelled"))
ADDON_ACTIVE = Wait(
    "DescribeAddon",
    "addon.status",
    "addon.health.issues",
    done=("ACTIVE",),
    failed=("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED", "DEGRADED"),
    delay=10,
)

REASONS: dict[str, str] = {
    "AccessDenied": "give the role the policies that EKS asks for, then run again",
    "AsgInstanceLaunchFailures": "name more instance types or zones, or raise EC2's quota, then run again",
    "ConfigurationConflict": "let the add-on overwrite what is there (resolve_conflicts: overwrite), then run again",
    "Ec2InstanceTypeDoesNotExist": "name instance types that the region has, then run again",
    "Ec2SecurityGroupNotFound": "make the security group again, or make the pool anew under another name",
    "Ec2SubnetNotFound": "make the subnet again, or make the pool anew under another name",
    "EniLimitReached": "delete network interfaces that nothing uses in the subnets, then run again",
    "IamNodeRoleNotFound": "make the nodes' role again under its name, then run again",
    "InstanceLimitExceeded": "raise EC2's quota of vCPUs in Service Quotas, then run again",
    "InsufficientFreeAddresses": "give larger subnets, or free addresses in those, then run again",
    "InsufficientNumberOfReplicas": "see that nodes are there on which the add-on can run, then run again",
    "IpNotAvailable": "give larger subnets, or free addresses in those, then run again",
    "KmsKeyDisabled": "enable the key, then run again",
    "NodeCreationFailure": "see that the subnets reach the cluster's endpoint, ECR, EC2 and STS, then run again",
    "PodEvictionFailure": "loosen the disruption budget that holds the pod, or set force, then run again",
    "SubnetNotFound": "give subnets that are there, then run again",
}
"""What to do about a reason that a state of EKS gives."""


def wait(client: Client, what: Wait, action: str, timeout: float, **arguments: str) -> None:
    """Wait until it is done; `timeout` in seconds.

    Raises AwsError "Failed to <action>: …" with the state's reasons.
    """
    waiter = create_waiter_with_client("It", what.model(), client)
    attempts = math.ceil(timeout / what.delay) + 1
    try:
        waiter.wait(**arguments, WaiterConfig={"MaxAttempts": attempts})
    except WaiterError as error:
        raise failure(what, action, timeout, error.last_response, "Max attempts" in str(error)) from error


def failure(what: Wait, action: str, timeout: float, answer: Mapping[str, Any], late: bool) -> AwsError:
    """Why a wait ended, from the last answer. Pure."""
    if error := answer.get("Error"):
        if error.get("Code") == MISSING:
            said = "it was deleted behind our back while we waited"
            return AwsError(action, said, remedy_of(MISSING), MISSING)
        return explained(action, ClientError(cast(Any, answer), what.operation))
    state = str(jmespath.search(what.status, answer) or "in no state that EKS tells")
    reasons = jmespath.search(what.reasons, answer) or []
    code = str(reasons[0].get("code", "")) if reasons else ""
    if late and state not in what.failed:
        told = f", and EKS tells {told_reasons(reasons)}" if reasons else ""
        said = f"it is still {state} after {timeout:.0f} s{told}"
        return AwsError(action, said, REASONS.get(code, "run again: it goes on waiting, or raise wait_timeout"), code)
    said = f"it is {state}: {told_reasons(reasons) or 'EKS gives no reason'}"
    return AwsError(action, said, REASONS.get(code, "see to what it names, then run again"), code or state)


def told_reasons(reasons: list[dict[str, Any]]) -> str:
    """Reasons in words, with what they are about."""
    return "; ".join(
        f"{reason.get('code', 'Unknown')}: {str(reason.get('message') or 'no message').rstrip('.')}"
        + (f" ({', '.join(reason['resourceIds'])})" if reason.get("resourceIds") else "")
        for reason in reasons
    )
