"""Ready, on the way, or failed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.readiness import (
    Condition,
    endpoints_ready,
    state,
)

Object = dict[str, Any]
ROLLED = {"observedGeneration": 2, "updatedReplicas": 2, "replicas": 2, "availableReplicas": 2, "readyReplicas": 2}


def workload(kind: str, spec: Object, status: Object, api_version: str = "apps/v1") -> Object:
    """A live workload of generation 2."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status}


def conditions(**states: str) -> Object:
    """A status with conditions."""
    return {"conditions": [{"type": key, "status": value, "reason": "Because"} for key, value in states.items()]}


CASES: list[tuple[Object, str, bool]] = [
    (workload("Deployment", {"replicas": 2}, ROLLED), "", False),
    (workload("Deployment", {"replicas": 2}, {**ROLLED, "observedGeneration": 1}), "not seen it yet", False),
    (workload("Deployment", {"replicas": 2}, {**ROLLED, "updatedReplicas": 1}), "1 of 2 replicas updated", False),
    (workload("Deployment", {"replicas": 2}, {**ROLLED, "replicas": 3}), "1 old replicas still run", False),
    (workload("Deployment", {"replicas": 2}, {**ROLLED, "availableReplicas": 0}), "0 of 2 replicas available", False),
    (workload("Deployment", {"replicas": 0}, {"observedGeneration": 2}), "", False),
    (
        workload(
            "Deployment",
            {},
            {"observedGeneration": 2, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]},
        ),
        "its progress deadline is exceeded",
        True,
    ),
    (workload("StatefulSet", {"replicas": 2}, ROLLED), "", False),
    (
        workload("StatefulSet", {"replicas": 2}, {**ROLLED, "updatedReplicas": 1, "updateRevision": "b"}),
        "1 of 2 replicas updated",
        False,
    ),
    (
        workload("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 1}),
        "1 of 2 pods updated",
        False,
    ),
    (workload("Job", {}, conditions(Complete="True"), "batch/v1"), "", False),
    (workload("Job", {}, conditions(Failed="True"), "batch/v1"), "the job failed (Because)", True),
    (workload("Job", {}, {"active": 1}, "batch/v1"), "the job runs (1 pods active, 0 failed)", False),
    (workload("Pod", {}, {"phase": "Succeeded"}, "v1"), "", False),
    (workload("Pod", {}, {"phase": "Failed", "reason": "Evicted"}, "v1"), "the pod failed (Evicted)", True),
    (workload("Namespace", {}, {"phase": "Terminating"}, "v1"), "the namespace is Terminating", False),
    (
        workload("CustomResourceDefinition", {}, conditions(NamesAccepted="False"), "apiextensions.k8s.io/v1"),
        "its names are not accepted (Because)",
        True,
    ),
    (
        workload("APIService", {}, conditions(Available="False"), "apiregistration.k8s.io/v1"),
        "condition Available is False (Because)",
        False,
    ),
    (workload("Certificate", {}, {}, "cert-manager.io/v1"), "condition Ready is not set", False),
    (workload("ConfigMap", {}, {}, "v1"), "", False),
    (workload("Certificate", {}, {}, "other.example.org/v1"), "", False),
]


@pytest.mark.parametrize(("live", "message", "failed"), CASES)
def test_states(live: Object, message: str, failed: bool) -> None:
    verdict = state(live)
    assert message in verdict.message
    assert verdict.ready == (not message)
    assert verdict.failed == failed


def test_webhooks_need_their_ca() -> None:
    hook: Object = {"name": "x", "clientConfig": {"service": {"name": "s"}}}
    live = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "webhooks": [hook]}
    assert "webhook x has no caBundle yet" in state(live).message
    hook["clientConfig"]["caBundle"] = "QQ=="
    assert state(live).ready


def test_given_conditions_take_the_place_of_what_is_known() -> None:
    live = workload("Thing", {}, {"phase": "Running", **conditions(Synced="True")}, "example.org/v1")
    assert state(live, [Condition("Thing", path="status.phase", value="running")]).ready
    assert state(live, [Condition("Thing.example.org", type="Synced")]).ready
    assert state(live, [Condition("Other", type="Nothing")]).ready
    verdict = state(live, [Condition("Thing", path="status.phase", value="Done")])
    assert verdict.message == "status.phase is Running, not Done"


def test_a_condition_of_an_earlier_generation_does_not_count() -> None:
    live = workload(
        "Thing", {}, {"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 1}]}, "x.org/v1"
    )
    assert not state(live, [Condition("Thing", type="Ready")]).ready


def test_endpoints() -> None:
    assert not endpoints_ready([])
    assert not endpoints_ready([{"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}}]}])
    assert endpoints_ready(
        [{"endpoints": None}, {"endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}]}]
    )
