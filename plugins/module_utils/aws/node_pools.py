"""The life of a managed node group of EKS: calls, and what is done in which state.

A run that was interrupted is gone on with: what is being made, changed or deleted is waited for first.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.aws import pool_model as model
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import (
    AwsError,
    Client,
    Outcome,
    fails_to,
    once_consistent,
    unless_missing,
)
from ansible_collections.gantry.platform.plugins.module_utils.aws.pool_model import PoolSpec
from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import Step
from ansible_collections.gantry.platform.plugins.module_utils.aws.waiters import (
    POOL_ACTIVE,
    POOL_DELETED,
    UPDATED,
    wait,
)

NOT_SEEN_YET = (
    r"role.*(not (be )?found|not authorized|cannot be assumed|invalid|does not exist)",
    r"security group.*not",
)
"""How EKS tells that it does not see yet what was made just before: a role, its policies, a group."""
BUSY = (r"update.*(in progress|already)", r"currently.*(updating|creating)", r"cannot.*(while|until)")
"""How EKS tells that another change has not ended yet."""


# --- calls


@fails_to("look at node pool {name}")
def find(client: Client, cluster: str, name: str) -> dict[str, Any]:
    """The pool as EKS describes it; empty where there is none."""
    answer = unless_missing(lambda: client.describe_nodegroup(clusterName=cluster, nodegroupName=name))
    return dict(answer["nodegroup"]) if answer else {}


@fails_to("create node pool {name}")
def create(client: Client, name: str, request: dict[str, Any]) -> None:
    """Make it. That it is there meanwhile is no failure: an answer may have been lost on its way."""

    def call() -> None:
        try:
            client.create_nodegroup(**request)
        except client.exceptions.ResourceInUseException:
            if not find(client, request["clusterName"], name):
                raise

    once_consistent(call, NOT_SEEN_YET)


@fails_to("{step.title} of node pool {name}")
def change(client: Client, name: str, step: Step) -> dict[str, Any]:  # noqa: ARG001 the failure's words have it
    """Carry out a step; what EKS tells of the update, empty where there is none to wait for."""
    answer = once_consistent(lambda: getattr(client, step.method)(**step.request), BUSY)
    return dict(answer.get("update") or {})


@fails_to("delete node pool {name}")
def remove(client: Client, cluster: str, name: str) -> None:
    """Begin its end; that it is gone already is no failure."""
    call = partial(client.delete_nodegroup, clusterName=cluster, nodegroupName=name)
    unless_missing(lambda: once_consistent(call, BUSY))


# --- life


def present(client: Client, spec: PoolSpec, check: bool, timeout: float) -> Outcome:
    """Make the pool as it should be; with `check`, tell what would be done. Raises AwsError, SpecError.

    `timeout`: seconds that each thing that is waited for may take.
    """
    model.check(spec)
    outcome = Outcome()
    live = _settled(client, spec, check, timeout, outcome)
    outcome.before = model.shown(live) if live else {}
    if not live:
        outcome.actions.append(f"create node pool {spec.name}")
        if check:
            outcome.after = model.expected(spec, {})
            return outcome
        create(client, spec.name, model.create_request(spec))
        live = _made(client, spec, timeout)
    model.refuse_fixed(spec, live)
    for step in model.steps(spec, live):
        outcome.actions.append(f"{step.title} of node pool {spec.name}")
        if not check:
            _carry_out(client, spec, step, timeout)
    if check:
        outcome.live, outcome.after = live, model.expected(spec, live)
        return outcome
    _wait_active(client, spec, f"bring node pool {spec.name} up", timeout)
    outcome.live = find(client, spec.cluster, spec.name)
    outcome.after = model.shown(outcome.live)
    return outcome


def absent(client: Client, cluster: str, name: str, check: bool, timeout: float) -> Outcome:
    """Remove the pool and wait until it is gone. Raises AwsError."""
    outcome = Outcome()
    live = find(client, cluster, name)
    if not live:
        return outcome
    outcome.before = model.shown(live)
    deleting = live.get("status") == "DELETING"
    if not deleting:
        outcome.actions.append(f"delete node pool {name}")
    if check:
        return outcome
    if not deleting:
        remove(client, cluster, name)
    wait(client, POOL_DELETED, f"delete node pool {name}", timeout, clusterName=cluster, nodegroupName=name)
    return outcome


def _settled(client: Client, spec: PoolSpec, check: bool, timeout: float, outcome: Outcome) -> dict[str, Any]:
    """The pool once what somebody began has ended. What could not be created is removed, for it never gets well."""
    live = find(client, spec.cluster, spec.name)
    names = {"clusterName": spec.cluster, "nodegroupName": spec.name}
    match live.get("status"):
        case "DELETING":
            if not check:
                wait(client, POOL_DELETED, f"delete node pool {spec.name}", timeout, **names)
            return {}
        case "CREATE_FAILED":
            outcome.actions.append(f"delete node pool {spec.name}, whose creation had failed")
            if not check:
                remove(client, spec.cluster, spec.name)
                wait(client, POOL_DELETED, f"delete node pool {spec.name}", timeout, **names)
            return {}
        case "CREATING" | "UPDATING" if not check:
            _wait_active(client, spec, f"bring node pool {spec.name} up", timeout)
            return find(client, spec.cluster, spec.name)
    return live


def _made(client: Client, spec: PoolSpec, timeout: float) -> dict[str, Any]:
    """The new pool once it runs; EKS may not see at once what it has just made."""
    _seen(client, spec)
    _wait_active(client, spec, f"create node pool {spec.name}", timeout)
    return find(client, spec.cluster, spec.name)


@fails_to("create node pool {spec.name}")
def _seen(client: Client, spec: PoolSpec) -> None:
    once_consistent(
        lambda: client.describe_nodegroup(clusterName=spec.cluster, nodegroupName=spec.name),
        ("ResourceNotFoundException",),
    )


def _wait_active(client: Client, spec: PoolSpec, action: str, timeout: float) -> None:
    wait(client, POOL_ACTIVE, action, timeout, clusterName=spec.cluster, nodegroupName=spec.name)


def _carry_out(client: Client, spec: PoolSpec, step: Step, timeout: float) -> None:
    update = change(client, spec.name, step)
    action = f"{step.title} of node pool {spec.name}"
    if update.get("status") == "InProgress":
        wait(client, UPDATED, action, timeout, name=spec.cluster, nodegroupName=spec.name, updateId=str(update["id"]))
    elif update.get("status") in ("Failed", "Cancelled"):
        raise AwsError(action, f"the update is {update['status']}: {update.get('errors')}", "run again", "Failed")
