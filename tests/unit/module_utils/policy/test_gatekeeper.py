"""Gatekeeper's manifest, fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.policy import gatekeeper, library
from ansible_collections.gantry.platform.plugins.module_utils.policy.library import PolicyError

ROOT = Path(__file__).resolve().parents[4]
WEBHOOK = {
    "failurePolicy": "Ignore",
    "timeoutSeconds": 3,
    "namespaceSelector": {"matchExpressions": [{"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"}]},
    "rules": [{"apiGroups": ["*"], "resources": ["*"]}],
}


def deployment(name: str, *args: str) -> dict[str, Any]:
    container = {"name": "manager", "image": "old", "imagePullPolicy": "Always", "args": list(args), "resources": {}}
    template = {"metadata": {"labels": {"operation": name}}, "spec": {"containers": [container], "volumes": []}}
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": {"replicas": 3, "template": template}}


MANIFEST: list[dict[str, Any]] = [
    {"kind": "Namespace", "metadata": {"name": "gatekeeper-system", "labels": {"a": "b"}}},
    {"kind": "Service", "metadata": {"name": "gatekeeper-webhook-service"}, "spec": {}},
    deployment("gatekeeper-audit", "--operation=audit", "--operation=mutation-status"),
    deployment("gatekeeper-controller-manager", "--operation=webhook", "--operation=mutation-webhook"),
    {"kind": "PodDisruptionBudget", "metadata": {"name": "gatekeeper-controller-manager"}},
    {"kind": "MutatingWebhookConfiguration", "metadata": {"name": "m"}},
    {
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "v"},
        "webhooks": [{"name": gatekeeper.MAIN_WEBHOOK, **WEBHOOK}, {"name": "check-ignore-label", **WEBHOOK}],
    },
]


def settings(**changes: Any) -> gatekeeper.Settings:
    given: dict[str, Any] = {
        "image": "docker.io/openpolicyagent/gatekeeper:v1",
        "replicas": 1,
        "failure_policy": "Fail",
        "timeout": 5,
        "audit_interval": 20,
        "violations_kept": 10,
        "resources": {"requests": {"cpu": "20m"}},
        "rules": [{"apiGroups": [""], "kinds": ["Pod", "Service"]}],
        "exempt_namespaces": ("kube-system",),
        "annotations": {"x": "y"},
    }
    return gatekeeper.Settings(**{**given, **changes})


def fitted(kind: str, **changes: Any) -> list[dict[str, Any]]:
    return [item for item in gatekeeper.fit(MANIFEST, settings(**changes)) if item["kind"] == kind]


def test_nothing_mutates() -> None:
    assert fitted("MutatingWebhookConfiguration") == []
    for item in fitted("Deployment"):
        (container,) = item["spec"]["template"]["spec"]["containers"]
        assert not any("mutation" in argument for argument in container["args"])


def test_pods() -> None:
    audit, webhook = fitted("Deployment", replicas=2)
    assert (audit["spec"]["replicas"], webhook["spec"]["replicas"]) == (1, 2)
    for item, component in ((audit, "audit"), (webhook, "webhook")):
        template = item["spec"]["template"]
        (container,) = template["spec"]["containers"]
        assert container["image"] == "docker.io/openpolicyagent/gatekeeper:v1"
        assert container["imagePullPolicy"] == "IfNotPresent"
        assert container["resources"] == {"requests": {"cpu": "20m"}}
        assert template["metadata"]["labels"]["operation"] == item["metadata"]["name"]
        assert template["metadata"]["labels"]["app.kubernetes.io/component"] == component
        assert template["metadata"]["annotations"] == {"x": "y"}
    assert "--audit-interval=20" in audit["spec"]["template"]["spec"]["containers"][0]["args"]


def test_a_budget_of_one_replica_would_hold_up_every_drain() -> None:
    assert fitted("PodDisruptionBudget") == []
    assert len(fitted("PodDisruptionBudget", replicas=2)) == 1


def test_the_webhook_is_asked_about_what_policies_look_at() -> None:
    (item,) = fitted("ValidatingWebhookConfiguration")
    main, label = item["webhooks"]
    assert main["rules"][0]["resources"] == ["pods", "services", "pods/ephemeralcontainers"]
    assert "constraints.gatekeeper.sh" in main["rules"][1]["apiGroups"]
    assert main["namespaceSelector"]["matchExpressions"][-1]["values"] == ["kube-system"]
    assert label["rules"] == WEBHOOK["rules"]
    assert {hook["failurePolicy"] for hook in item["webhooks"]} == {"Fail"}
    assert {hook["timeoutSeconds"] for hook in item["webhooks"]} == {5}


def test_every_kind_that_the_policies_look_at_is_known() -> None:
    rules = library.judged_kinds(library.read(ROOT / "policies"))
    assert fitted("ValidatingWebhookConfiguration", rules=rules)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(PolicyError, match="no resource is known for kind Widget"):
        fitted("ValidatingWebhookConfiguration", rules=[{"apiGroups": ["x"], "kinds": ["Widget"]}])


def test_another_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="has no Deployment, Service"):
        gatekeeper.fit([MANIFEST[-1]], settings())
    with pytest.raises(PolicyError, match="cannot be read"):
        gatekeeper.read(tmp_path / "none.yaml")


def test_the_manifest_itself_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "gatekeeper.yaml"
    path.write_text(yaml.safe_dump_all(MANIFEST))
    objects = gatekeeper.read(path)
    gatekeeper.fit(objects, settings())
    assert objects == MANIFEST
