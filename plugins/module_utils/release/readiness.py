# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What an object's status says: ready, still on its way (and where it stands), or failed for good."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(frozen=True)
class State:
    """The verdict on one object; ``message`` says what is missing."""

    ready: bool
    message: str = ""
    failed: bool = False


READY = State(True)


@dataclass(frozen=True)
class Condition:
    """What makes objects of a kind ready: a status condition (``type``), or the value of a field (``path``, dotted)."""

    kind: str
    type: str = ""
    path: str = ""
    value: str = "True"

    def state(self, live: Object) -> State:
        """Whether the object fulfils the condition."""
        if self.path:
            found: Any = live
            for key in self.path.split("."):
                found = found.get(key) if isinstance(found, dict) else None
            met, title = str(found).lower() == self.value.lower(), f"{self.path} is {found}, not {self.value}"
        else:
            condition = condition_of(live, self.type)
            current = int(condition.get("observedGeneration") or _generation(live)) >= _generation(live)
            met = current and str(condition.get("status")).lower() == self.value.lower()
            title = f"condition {self.type} is {condition.get('status', 'not set')}" + _because(condition)
        return READY if met else State(False, title)


def state(live: Object, conditions: Iterable[Condition] = ()) -> State:
    """Judge an object by the conditions given for its kind, else by what is known of it; other kinds are ready."""
    kind = str(live.get("kind"))
    group = str(live.get("apiVersion") or "").rpartition("/")[0]
    names = {kind, f"{kind}.{group}"}
    own = [condition for condition in conditions if condition.kind in names]
    for condition in own:
        verdict = condition.state(live)
        if not verdict.ready:
            return verdict
    if own:
        return READY
    judge = _KINDS.get((group, kind))
    return judge(live) if judge else READY


def condition_of(live: Object, kind: str) -> dict[str, Any]:
    """One of the conditions in an object's status, empty where it is not set."""
    for condition in (live.get("status") or {}).get("conditions") or []:
        if condition.get("type") == kind:
            found: dict[str, Any] = condition
            return found
    return {}


def endpoints_ready(slices: Iterable[Object]) -> bool:
    """Whether any of a service's endpoint slices has an endpoint that takes traffic."""
    return any(
        (endpoint.get("conditions") or {}).get("ready") is not False and endpoint.get("addresses")
        for one in slices
        for endpoint in one.get("endpoints") or []
    )


def _generation(live: Object) -> int:
    return int((live.get("metadata") or {}).get("generation") or 0)


def _observed(live: Object) -> bool:
    return int((live.get("status") or {}).get("observedGeneration") or 0) >= _generation(live)


def _because(condition: dict[str, Any]) -> str:
    words = ": ".join(str(condition[key]) for key in ("reason", "message") if condition.get(key))
    return f" ({words})" if words else ""


def _counted(live: Object, have: int, want: int, what: str) -> State:
    if not _observed(live):
        return State(False, "its controller has not seen it yet")
    return READY if have >= want else State(False, f"{have} of {want} {what}")


def _deployment(live: Object) -> State:
    spec, status = live.get("spec") or {}, live.get("status") or {}
    want = int(spec.get("replicas", 1))
    if spec.get("paused"):
        return READY
    progressing = condition_of(live, "Progressing")
    if _observed(live) and progressing.get("reason") == "ProgressDeadlineExceeded":
        return State(False, str(progressing.get("message") or "its progress deadline is exceeded"), failed=True)
    updated = int(status.get("updatedReplicas") or 0)
    if updated < want or not _observed(live):
        return _counted(live, updated, want, "replicas updated")
    if int(status.get("replicas") or 0) > updated:
        return State(False, f"{int(status['replicas']) - updated} old replicas still run")
    return _counted(live, int(status.get("availableReplicas") or 0), want, "replicas available")


def _stateful_set(live: Object) -> State:
    spec, status = live.get("spec") or {}, live.get("status") or {}
    want = int(spec.get("replicas", 1))
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") == "RollingUpdate" and _observed(live):
        partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        updated = int(status.get("updatedReplicas") or 0)
        if status.get("updateRevision") != status.get("currentRevision") and updated < want - partition:
            return State(False, f"{updated} of {want - partition} replicas updated")
    return _counted(live, int(status.get("readyReplicas") or 0), want, "replicas ready")


def _daemon_set(live: Object) -> State:
    spec, status = live.get("spec") or {}, live.get("status") or {}
    want = int(status.get("desiredNumberScheduled") or 0)
    if (spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate":
        updated = int(status.get("updatedNumberScheduled") or 0)
        if updated < want:
            return _counted(live, updated, want, "pods updated")
    return _counted(live, int(status.get("numberAvailable") or 0), want, "pods available")


def _replica_set(live: Object) -> State:
    return _counted(
        live,
        int((live.get("status") or {}).get("readyReplicas") or 0),
        int((live.get("spec") or {}).get("replicas", 1)),
        "replicas ready",
    )


def _job(live: Object) -> State:
    failed = condition_of(live, "Failed")
    if failed.get("status") == "True":
        return State(False, f"the job failed{_because(failed)}", failed=True)
    done = condition_of(live, "Complete").get("status") == "True" or (live.get("spec") or {}).get("suspend")
    status = live.get("status") or {}
    return (
        READY
        if done
        else State(False, f"the job runs ({status.get('active') or 0} pods active, {status.get('failed') or 0} failed)")
    )


def _pod(live: Object) -> State:
    phase = (live.get("status") or {}).get("phase")
    if phase == "Failed":
        return State(False, f"the pod failed{_because(live.get('status') or {})}", failed=True)
    if phase == "Succeeded" or condition_of(live, "Ready").get("status") == "True":
        return READY
    return State(False, f"the pod is {phase or 'new'}")


def _definition(live: Object) -> State:
    names = condition_of(live, "NamesAccepted")
    if names.get("status") == "False":
        return State(False, f"its names are not accepted{_because(names)}", failed=True)
    return Condition("", type="Established").state(live)


def _namespace(live: Object) -> State:
    phase = (live.get("status") or {}).get("phase", "Active")
    return READY if phase == "Active" else State(False, f"the namespace is {phase}")


def _claim(live: Object) -> State:
    lost = (live.get("status") or {}).get("phase") == "Lost"
    return State(False, "its volume is lost", failed=True) if lost else READY


def _webhooks(live: Object) -> State:
    """Webhooks of a service are called once their controller has written the CA that signed its certificate."""
    for webhook in live.get("webhooks") or []:
        called = webhook.get("clientConfig") or {}
        if called.get("service") and not called.get("caBundle"):
            return State(False, f"webhook {webhook.get('name')} has no caBundle yet")
    return READY


_KINDS: dict[tuple[str, str], Callable[[Object], State]] = {
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "ReplicationController"): _replica_set,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _webhooks,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _webhooks,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apiregistration.k8s.io", "APIService"): Condition("", type="Available").state,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("cert-manager.io", "Certificate"): Condition("", type="Ready").state,
}
