"""Components and their workloads: pure decisions on live objects, apart from the calls of :mod:`.restart`.

A component is named as its metrics and alerts name it: by its namespace and the label of its pods.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

Object = dict[str, Any]

LABELS = ("app.kubernetes.io/name", "app", "k8s-app")
"""Labels that say what runs in a pod; the first that is set is the component's name."""
RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""The annotation of ``kubectl rollout restart``."""
TRACKED = "argocd.argoproj.io/tracking-id"
"""The annotation of what Argo CD delivers."""
ROLES = {"shop": "services"}
"""Releases whose role, and so the checks, are named otherwise."""


class RemediationError(Exception):
    """Nothing was done, or what was done did not help. The message names the component and the remedy."""


@dataclass(frozen=True)
class Component:
    """`namespace/name`, as alerts carry it in their label `component`."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Component | None:
        """None where the text is not of that form."""
        namespace, slash, name = text.strip().partition("/")
        return cls(namespace, name) if slash and namespace and name and "/" not in name else None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Step:
    """What is done to one workload: its replicas before and after (a DaemonSet has none)."""

    live: Object
    before: int
    after: int

    @property
    def kind(self) -> str:
        """Deployment, StatefulSet or DaemonSet."""
        return str(self.live["kind"])

    @property
    def restores(self) -> bool:
        """Whether it had no replicas, and gets one."""
        return self.after > self.before

    def told(self) -> Object:
        """For people and for the module's result."""
        metadata = self.live["metadata"]
        action = "scaled up from zero" if self.restores else "restarted"
        return {"kind": self.kind, "namespace": metadata["namespace"], "name": metadata["name"], "action": action}


def names(workload: Object) -> list[str]:
    """What a workload answers to: the labels of its pods in the order of their weight, then its own name."""
    labels = workload["spec"]["template"]["metadata"].get("labels") or {}
    return [str(labels[key]) for key in LABELS if labels.get(key)] + [str(workload["metadata"]["name"])]


def component_of(workload: Object) -> Component:
    """The component that a workload belongs to, by the name that its metrics carry."""
    return Component(str(workload["metadata"]["namespace"]), names(workload)[0])


def find(workloads: Sequence[Object], wanted: str) -> tuple[Component, list[Object]]:
    """The workloads of a component. Raises RemediationError that names those that exist."""
    component = Component.parse(wanted)
    found = [
        one
        for one in workloads
        if component and one["metadata"]["namespace"] == component.namespace and component.name in names(one)
    ]
    if component and found:
        return component, found
    known = sorted({str(component_of(one)) for one in workloads})
    near = get_close_matches(wanted, known, 1, 0.5)
    hint = f"Did you mean {near[0]}? " if near else ""
    what = f"there is no component {wanted!r}" if component else f"{wanted!r} is not <namespace>/<name>"
    raise RemediationError(f"remediation_component: {what}. {hint}There are: {', '.join(known) or 'none'}")


def plan(component: Component, workloads: Iterable[Object]) -> list[Step]:
    """What to do, before anything is touched. Raises RemediationError where nothing can be done, or must not be."""
    steps: list[Step] = []
    declared_none: list[str] = []
    for live in workloads:
        kind, name = live["kind"], live["metadata"]["name"]
        if live["spec"].get("paused"):
            raise RemediationError(
                f"{component}: the rollout of {kind} {name} is paused, so that nothing would be restarted. "
                f"Resume it first: kubectl -n {component.namespace} rollout resume deployment/{name}"
            )
        before = int(live["spec"].get("replicas", 1)) if kind != "DaemonSet" else 0
        if kind != "DaemonSet" and before == 0 and declares_replicas(live):
            declared_none.append(f"{kind} {name}")
            continue
        steps.append(Step(live, before, before if kind == "DaemonSet" else max(before, 1)))
    if not steps:
        raise RemediationError(
            f"{component} is declared with no replicas ({', '.join(declared_none)}): "
            "raise their number where they are declared"
        )
    return steps


def declares_replicas(live: Object) -> bool:
    """Whether some manifest states the replica count: a later change by hand takes the field from who applied it."""
    return any(
        entry.get("operation") == "Apply" and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or []
    )


def patches(step: Step, now: str) -> list[Object]:
    """What to apply, one after the other.

    The last one states no replicas: whoever declares their number then finds no other owner of the field.
    """
    metadata = {key: step.live["metadata"][key] for key in ("name", "namespace", "uid")}
    spec: Object = {"template": {"metadata": {"annotations": {RESTARTED: now}}}}
    stated = {"apiVersion": "apps/v1", "kind": step.kind, "metadata": metadata}
    restored = [{**stated, "spec": {**spec, "replicas": step.after}}] if step.restores else []
    return [*restored, {**stated, "spec": spec}]


def stuck(step: Step, pods: Iterable[Object]) -> list[Object]:
    """Pods that no rollout would replace.

    A StatefulSet waits for a pod of its old revision to become ready before it replaces it; and a workload that
    updates on deletion waits for that.
    """
    on_deletion = (step.live["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
    if step.kind != "StatefulSet" and not on_deletion:
        return []
    uid = step.live["metadata"]["uid"]
    owned = [pod for pod in pods if any(o.get("uid") == uid for o in pod["metadata"].get("ownerReferences") or [])]
    return [pod for pod in owned if on_deletion or not is_ready(pod)]


def is_ready(pod: Object) -> bool:
    """Whether a pod takes traffic."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def delivered(workloads: Iterable[Object]) -> list[str]:
    """The role of workloads that Argo CD delivers, if any of these is one."""
    tracked = any(TRACKED in (live["metadata"].get("annotations") or {}) for live in workloads)
    return ["services"] if tracked else []


def checks(releases: Iterable[str], component: Component) -> list[str]:
    """Patterns of the checks that judge the component: its role's; all where no release says whose it is."""
    roles = {release.partition(".")[0] for release in releases if release}
    if not roles and component.namespace == "kube-system":
        roles = {"kubernetes"}
    return sorted(f"{ROLES.get(role, role)}.*" for role in roles) or ["*"]
