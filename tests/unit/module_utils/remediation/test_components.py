"""Which workloads a component has, and what is done to them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.remediation import components
from ansible_collections.gantry.platform.plugins.module_utils.remediation.components import Component, RemediationError

Object = dict[str, Any]


def workload(name: str, kind: str = "Deployment", namespace: str = "monitoring", **spec: Any) -> Object:
    """A live workload; `labels` are those of its pods."""
    labels = spec.pop("labels", {"app.kubernetes.io/name": name})
    body = {"replicas": 2, **spec, "template": {"metadata": {"labels": labels}}}
    if kind == "DaemonSet":
        del body["replicas"]
    metadata = {"name": name, "namespace": namespace, "uid": f"uid-{name}"}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": body}


LIVE = [
    workload("prometheus", "StatefulSet"),
    workload("alertmanager", "StatefulSet"),
    workload("coredns", namespace="kube-system", labels={"k8s-app": "kube-dns"}),
    workload("istiod", namespace="istio-system", labels={"app": "istiod", "app.kubernetes.io/name": "istiod"}),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("monitoring/alertmanager", "alertmanager"),
        ("kube-system/kube-dns", "coredns"),
        ("kube-system/coredns", "coredns"),
        ("istio-system/istiod", "istiod"),
    ],
)
def test_a_component_is_found_by_the_labels_of_its_pods_or_by_its_own_name(wanted: str, found: str) -> None:
    component, workloads = components.find(LIVE, wanted)
    assert str(component) == wanted
    assert [one["metadata"]["name"] for one in workloads] == [found]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", "'' is not <namespace>/<name>. There are:"),
        ("alertmanager", "'alertmanager' is not <namespace>/<name>. Did you mean monitoring/alertmanager?"),
        ("monitoring/alertmanger", "no component 'monitoring/alertmanger'. Did you mean monitoring/alertmanager?"),
        ("a/b/c", "'a/b/c' is not <namespace>/<name>"),
        ("shop/x", "there is no component 'shop/x'"),
    ],
)
def test_an_unknown_component_is_told_with_those_that_exist(wanted: str, said: str) -> None:
    with pytest.raises(RemediationError) as error:
        components.find(LIVE, wanted)
    assert said in str(error.value)
    assert "istio-system/istiod, kube-system/kube-dns, monitoring/alertmanager, monitoring/prometheus" in str(
        error.value
    )


def planned(live: Object) -> list[components.Step]:
    return components.plan(Component("monitoring", "x"), [live])


def test_what_runs_is_restarted_and_keeps_its_replicas() -> None:
    (step,) = planned(workload("x"))
    assert (step.before, step.after, step.told()["action"]) == (2, 2, "restarted")
    (patch,) = components.patches(step, "now")
    assert patch["metadata"] == {"name": "x", "namespace": "monitoring", "uid": "uid-x"}
    assert patch["spec"] == {"template": {"metadata": {"annotations": {components.RESTARTED: "now"}}}}


def test_a_daemon_set_has_no_replicas_to_restore() -> None:
    (step,) = planned(workload("x", "DaemonSet"))
    assert step.told()["action"] == "restarted"
    assert len(components.patches(step, "now")) == 1


def test_what_was_scaled_to_zero_by_hand_gets_one_replica_and_no_owner_of_the_number() -> None:
    (step,) = planned(workload("x", replicas=0))
    assert step.told()["action"] == "scaled up from zero"
    first, last = components.patches(step, "now")
    assert first["spec"]["replicas"] == 1
    assert "replicas" not in last["spec"]
    assert first["spec"]["template"] == last["spec"]["template"]


def test_what_is_declared_with_no_replicas_is_left_alone() -> None:
    live = workload("x", replicas=0)
    live["metadata"]["managedFields"] = [{"operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
    with pytest.raises(RemediationError, match=r"declared with no replicas \(Deployment x\): raise their number"):
        planned(live)
    other = workload("y")
    assert [step.live for step in components.plan(Component("monitoring", "x"), [live, other])] == [other]


def test_a_paused_rollout_is_told_before_anything_is_touched() -> None:
    with pytest.raises(RemediationError, match="kubectl -n monitoring rollout resume deployment/x"):
        planned(workload("x", paused=True))


def pod(name: str, owner: str, ready: bool) -> Object:
    condition = {"type": "Ready", "status": "True" if ready else "False"}
    metadata = {"name": name, "ownerReferences": [{"uid": owner}]}
    return {"metadata": metadata, "status": {"conditions": [condition]}}


def test_pods_that_no_rollout_replaces() -> None:
    pods = [pod("a-0", "uid-x", True), pod("a-1", "uid-x", False), pod("b-0", "uid-other", False)]

    def found(live: Object) -> list[str]:
        (step,) = planned(live)
        return [one["metadata"]["name"] for one in components.stuck(step, pods)]

    assert found(workload("x")) == []
    assert found(workload("x", "StatefulSet")) == ["a-1"]
    assert found(workload("x", "DaemonSet", updateStrategy={"type": "OnDelete"})) == ["a-0", "a-1"]


def test_the_checks_of_a_component_are_those_of_its_role() -> None:
    component = Component("monitoring", "alertmanager")
    assert components.checks(["prometheus.monitoring"], component) == ["prometheus.*"]
    assert components.checks(["shop.shop"], Component("shop", "catalog")) == ["services.*"]
    assert components.checks([], Component("kube-system", "kube-dns")) == ["kubernetes.*"]
    assert components.checks([], component) == ["*"]


def test_what_comes_from_git_is_judged_by_the_services_checks() -> None:
    live = workload("catalog")
    assert components.delivered([live]) == []
    live["metadata"]["annotations"] = {components.TRACKED: "catalog-prod:apps/Deployment:shop/catalog"}
    assert components.delivered([live]) == ["services"]
    assert components.checks(["services"], Component("shop", "catalog")) == ["services.*"]
