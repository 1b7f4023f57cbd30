"""Restarts the workloads of one component and waits until they are ready. What to do is decided in ``components``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import ID, PARENT, member_of
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import POD, Target, Waiter
from ansible_collections.gantry.platform.plugins.module_utils.remediation import components
from ansible_collections.gantry.platform.plugins.module_utils.remediation.components import (
    Component,
    Object,
    RemediationError,
    Step,
)

KINDS = {
    kind: Kind("apps", "v1", kind, f"{kind.lower()}s", namespaced=True)
    for kind in ("Deployment", "StatefulSet", "DaemonSet")
}
MANAGER = "gantry-restart"
"""The field manager's name."""


@dataclass
class Restart:
    """One component of one cluster. `check`: tell, do not do. `timeout`: seconds to become ready in."""

    client: Client
    wanted: str
    timeout: float
    check: bool = False

    def run(self) -> dict[str, Any]:
        """Restart it; returns what was done to which workload, a diff, and the checks that judge it.

        Raises RemediationError.
        """
        workloads = [one for kind in KINDS.values() for one in self._list(kind)]
        component, found = components.find(workloads, self.wanted)
        steps = components.plan(component, found)
        if not self.check:
            self._restart(component, steps)
        return {
            "changed": True,
            "component": str(component),
            "workloads": [step.told() for step in steps],
            "checks": components.checks(self._releases(found), component),
            "diff": [_shown(step) for step in steps],
        }

    def _restart(self, component: Component, steps: list[Step]) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        targets = [self._apply(step, now) for step in steps]
        pods = self.client.get(POD.path(component.namespace)).get("items") or []
        for pod in (pod for step in steps for pod in components.stuck(step, pods)):
            self._delete(pod)
        try:
            Waiter(self.client, self.timeout, selector="").ready(targets)
        except ReleaseError as error:
            raise RemediationError(f"{component} was restarted, but is {error}") from error

    def _apply(self, step: Step, now: str) -> Target:
        metadata = step.live["metadata"]
        kind = KINDS[step.kind]
        live: Object = step.live
        for patch in components.patches(step, now):
            _, live = self.client.request(
                "PATCH",
                kind.path(metadata["namespace"], metadata["name"]),
                {"fieldManager": MANAGER, "force": "true"},
                patch,
                APPLY,
            )
        return Target(Ref("apps", step.kind, metadata["namespace"], metadata["name"]), kind, live)

    def _delete(self, pod: Object) -> None:
        metadata = pod["metadata"]
        try:
            self.client.request(
                "DELETE",
                POD.path(metadata["namespace"], metadata["name"]),
                body={"preconditions": {"uid": metadata["uid"]}},
            )
        except ApiError as error:
            if error.status not in (404, 409):
                raise

    def _list(self, kind: Kind) -> list[Object]:
        """All workloads of a kind; a list's items do not name their kind."""
        items = self.client.get(kind.path()).get("items") or []
        return [{"apiVersion": kind.api_version, "kind": kind.name, **item} for item in items]

    def _releases(self, workloads: list[Object]) -> list[str]:
        """The releases that the workloads belong to, as `<name>.<namespace>`; those from git to `services`."""
        members = {member_of(live) for live in workloads} - {""}
        parents = (self.client.find(PARENT.path()) or {}).get("items") or [] if members else []
        found = [p["metadata"] for p in parents if (p["metadata"].get("labels") or {}).get(ID) in members]
        return [str(parent["name"]) for parent in found] + components.delivered(workloads)


def _shown(step: Step) -> Object:
    """A step as a diff."""
    told = step.told()
    header = f"{told['kind']} {told['namespace']}/{told['name']}"
    template = step.live["spec"]["template"]["metadata"].get("annotations") or {}
    before: Object = {"restarted": template.get(components.RESTARTED, "never")}
    after: Object = {"restarted": "now"}
    if step.restores:
        before["replicas"], after["replicas"] = step.before, step.after
    return {"before": before, "after": after, "before_header": header, "after_header": header}
