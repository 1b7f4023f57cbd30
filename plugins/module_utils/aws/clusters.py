"""The life of a cluster of EKS: calls, and what is done in which state.

A run that was interrupted is gone on with: what is being made, changed or deleted is waited for first.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.aws import cluster_model as model
from ansible_collections.gantry.platform.plugins.module_utils.aws.cluster_model import Addon, ClusterSpec, Entry
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import (
    AwsError,
    Client,
    Outcome,
    fails_to,
    once_consistent,
    unless_missing,
)
from ansible_collections.gantry.platform.plugins.module_utils.aws.node_pools import BUSY, NOT_SEEN_YET
from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import Step
from ansible_collections.gantry.platform.plugins.module_utils.aws.waiters import (
    ADDON_ACTIVE,
    CLUSTER_ACTIVE,
    CLUSTER_DELETED,
    UPDATED,
    told_reasons,
    wait,
)

# --- calls


@fails_to("look at cluster {name}")
def find(client: Client, name: str) -> dict[str, Any]:
    """The cluster as EKS describes it; empty where there is none."""
    answer = unless_missing(lambda: client.describe_cluster(name=name))
    return dict(answer["cluster"]) if answer else {}


@fails_to("create cluster {name}")
def create(client: Client, name: str, request: dict[str, Any]) -> None:
    """Make it. That it is there meanwhile is no failure: an answer may have been lost on its way."""

    def call() -> None:
        try:
            client.create_cluster(**request)
        except client.exceptions.ResourceInUseException:
            if not find(client, name):
                raise

    once_consistent(call, NOT_SEEN_YET)
    once_consistent(lambda: client.describe_cluster(name=name), ("ResourceNotFoundException",))


@fails_to("{step.title} of cluster {name}")
def change(client: Client, name: str, step: Step) -> dict[str, Any]:  # noqa: ARG001 the failure's words have it
    """Carry out a step; what EKS tells of the update, empty where there is none to wait for."""
    answer = once_consistent(lambda: getattr(client, step.method)(**step.request), BUSY)
    return dict(answer.get("update") or {})


@fails_to("delete cluster {name}")
def remove(client: Client, name: str) -> None:
    """Begin its end; that it is gone already is no failure."""
    unless_missing(lambda: client.delete_cluster(name=name))


@fails_to("list node pools of cluster {name}")
def pools(client: Client, name: str) -> list[str]:
    """Names of its node pools."""
    pages = client.get_paginator("list_nodegroups").paginate(clusterName=name)
    return [pool for page in pages for pool in page["nodegroups"]]


@fails_to("look at add-on {addon} of cluster {name}")
def find_addon(client: Client, name: str, addon: str) -> dict[str, Any]:
    """An add-on; empty where it is not installed."""
    answer = unless_missing(lambda: client.describe_addon(clusterName=name, addonName=addon))
    return dict(answer["addon"]) if answer else {}


@fails_to("look at who may in to cluster {name}")
def entries(client: Client, name: str) -> dict[str, Entry]:
    """Access entries by principal."""
    found = {}
    for page in client.get_paginator("list_access_entries").paginate(clusterName=name):
        for principal in page["accessEntries"]:
            names = {"clusterName": name, "principalArn": principal}
            tags = client.describe_access_entry(**names)["accessEntry"].get("tags") or {}
            policies = {
                policy["policyArn"]: tuple(policy["accessScope"].get("namespaces") or ())
                for part in client.get_paginator("list_associated_access_policies").paginate(**names)
                for policy in part["associatedAccessPolicies"]
            }
            found[principal] = Entry(principal, tags.items() >= model.OURS.items(), policies)
    return found


# --- life


def present(client: Client, spec: ClusterSpec, check: bool, timeout: float) -> Outcome:
    """Make the cluster as it should be; with `check`, tell what would be done. Raises AwsError, SpecError.

    `timeout`: seconds that each thing that is waited for may take.
    """
    model.check(spec)
    outcome = Outcome()
    live = _settled(client, spec, check, timeout)
    outcome.before = model.shown(live) if live else {}
    if not live:
        outcome.actions.append(f"create cluster {spec.name}")
        if check:
            outcome.actions += [f"install add-on {addon.name}" for addon in spec.addons or ()]
            outcome.after = model.expected(spec, {})
            return outcome
        create(client, spec.name, model.create_request(spec))
        wait(client, CLUSTER_ACTIVE, f"create cluster {spec.name}", timeout, name=spec.name)
        live = find(client, spec.name)
    model.refuse_fixed(spec, live)
    for step in model.steps(spec, live):
        outcome.actions.append(f"{step.title} of cluster {spec.name}")
        if not check:
            _carry_out(client, spec.name, step, timeout)
    _access(client, spec, check, outcome)
    for addon in spec.addons or ():
        _addon(client, spec.name, addon, check, timeout, outcome)
    outcome.live = live if check else find(client, spec.name)
    outcome.after = model.expected(spec, live) if check else model.shown(outcome.live)
    return outcome


def absent(client: Client, name: str, check: bool, timeout: float) -> Outcome:
    """Remove the cluster and wait until it is gone. Its pools must be gone before. Raises AwsError."""
    outcome = Outcome()
    live = find(client, name)
    if not live:
        return outcome
    outcome.before = model.shown(live)
    if live.get("status") != "DELETING":
        if left := pools(client, name):
            raise AwsError(
                f"delete cluster {name}", f"it has node pools ({', '.join(left)})", "remove them first", "pools"
            )
        if live.get("deletionProtection"):
            said = "it is protected from deletion"
            raise AwsError(f"delete cluster {name}", said, "set deletion_protection: false first", "protected")
        outcome.actions.append(f"delete cluster {name}")
        if not check:
            remove(client, name)
    if not check:
        wait(client, CLUSTER_DELETED, f"delete cluster {name}", timeout, name=name)
    return outcome


def _settled(client: Client, spec: ClusterSpec, check: bool, timeout: float) -> dict[str, Any]:
    """The cluster once what somebody began has ended. One that failed is told, not removed: it may hold something."""
    live = find(client, spec.name)
    match live.get("status"):
        case "DELETING":
            if not check:
                wait(client, CLUSTER_DELETED, f"delete cluster {spec.name}", timeout, name=spec.name)
            return {}
        case "FAILED":
            reasons = told_reasons((live.get("health") or {}).get("issues") or [])
            said = f"it is FAILED: {reasons or 'EKS gives no reason'}"
            raise AwsError(f"bring cluster {spec.name} up", said, "remove it (state: absent), then run again", "FAILED")
        case "CREATING" | "UPDATING" | "PENDING" if not check:
            wait(client, CLUSTER_ACTIVE, f"bring cluster {spec.name} up", timeout, name=spec.name)
            return find(client, spec.name)
    return live


def _carry_out(client: Client, name: str, step: Step, timeout: float) -> None:
    update = change(client, name, step)
    if update.get("status") == "InProgress":
        action = f"{step.title} of cluster {name}"
        wait(client, UPDATED, action, timeout, name=name, updateId=str(update["id"]))
        wait(client, CLUSTER_ACTIVE, action, timeout, name=name)


def _access(client: Client, spec: ClusterSpec, check: bool, outcome: Outcome) -> None:
    if spec.access is None:
        return
    for step in model.access_steps(spec.name, spec.access, entries(client, spec.name)):
        outcome.actions.append(step.title)
        if not check:
            change(client, spec.name, step)


def _addon(client: Client, name: str, addon: Addon, check: bool, timeout: float, outcome: Outcome) -> None:
    """One add-on, until it runs."""
    live = find_addon(client, name, addon.name)
    step = model.addon_step(name, addon, live)
    names = {"clusterName": name, "addonName": addon.name}
    if step:
        outcome.actions.append(step.title)
    if check or not (step or live.get("status") != "ACTIVE"):
        return
    if step:
        change(client, name, step)
    wait(client, ADDON_ACTIVE, f"bring add-on {addon.name} of cluster {name} up", timeout, **names)
