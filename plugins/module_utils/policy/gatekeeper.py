"""Gatekeeper's own manifest, fitted to the platform. Pure: no cluster is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.policy.library import Object, PolicyError

PART_OF = "policy"
TOKEN = "platform.gantry.dev/service-account-token"  # noqa: S105 (the name of an annotation)
MUTATION = {"--operation=mutation-webhook", "--operation=mutation-status"}
MAIN_WEBHOOK = "validation.gatekeeper.sh"


@dataclass(frozen=True)
class Settings:
    """What is not as upstream has it. `rules`: API groups and kinds that the webhook is asked about."""

    image: str
    replicas: int
    failure_policy: str
    timeout: int
    audit_interval: int
    violations_kept: int
    resources: Mapping[str, Any]
    rules: Sequence[Mapping[str, Sequence[str]]] = ()
    exempt_namespaces: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> list[Object]:
    """The objects of upstream's manifest. Raises PolicyError."""
    return documents.read(path, PolicyError, "the bundle takes it from Gatekeeper's module")


def fit(objects: Iterable[Object], settings: Settings) -> list[Object]:
    """The objects to apply. Mutation is left out: nothing on the platform is changed behind its author's back.

    :raises PolicyError: The manifest lacks what is to be fitted, or a rule names an unknown kind.
    """
    kept = [item for item in objects if not _left_out(item, settings)]
    found = {item["kind"] for item in kept}
    if missing := {"Deployment", "Service", "ValidatingWebhookConfiguration"} - found:
        raise PolicyError(
            f"the manifest of Gatekeeper has no {', '.join(sorted(missing))}: is it deploy/gatekeeper.yaml?"
        )
    return [_fitted(item, settings) for item in kept]


def _left_out(item: Object, settings: Settings) -> bool:
    lone_budget = item["kind"] == "PodDisruptionBudget" and settings.replicas < 2
    return item["kind"] == "MutatingWebhookConfiguration" or lone_budget


def _fitted(item: Object, settings: Settings) -> Object:
    match item["kind"]:
        case "Deployment":
            return _deployment(item, settings)
        case "ValidatingWebhookConfiguration":
            return {**item, "webhooks": [_webhook(hook, settings) for hook in item["webhooks"]]}
        case "Namespace" | "Service":
            return _labelled(item)
    return item


def _labelled(item: Object) -> Object:
    """With the labels that policy asks for."""
    metadata = item["metadata"]
    labels = {
        **metadata.get("labels", {}),
        "app.kubernetes.io/name": "gatekeeper",
        "app.kubernetes.io/part-of": PART_OF,
    }
    return {**item, "metadata": {**metadata, "labels": labels}}


def _deployment(item: Object, settings: Settings) -> Object:
    audit = item["metadata"]["name"] == "gatekeeper-audit"
    spec = item["spec"]
    template = _labelled(spec["template"])
    component = {"app.kubernetes.io/component": "audit" if audit else "webhook"}
    template["metadata"] = {
        **template["metadata"],
        "labels": {**template["metadata"]["labels"], **component},
        "annotations": {**template["metadata"].get("annotations", {}), **settings.annotations},
    }
    (container,) = template["spec"]["containers"]
    template["spec"] = {**template["spec"], "containers": [_container(container, settings, audit)]}
    replicas = 1 if audit else settings.replicas
    return {**_labelled(item), "spec": {**spec, "replicas": replicas, "template": template}}


def _container(container: Object, settings: Settings, audit: bool) -> Object:
    own = [
        f"--audit-interval={settings.audit_interval}",
        f"--constraint-violations-limit={settings.violations_kept}",
        "--audit-match-kind-only",
    ]
    args = [argument for argument in container["args"] if argument not in MUTATION] + (
        own if audit else ["--log-denies"]
    )
    return {
        **container,
        "image": settings.image,
        "imagePullPolicy": "IfNotPresent",
        "args": args,
        "resources": dict(settings.resources),
    }


PLURALS = {
    "Pod": "pods",
    "Service": "services",
    "DaemonSet": "daemonsets",
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "ReplicaSet": "replicasets",
    "CronJob": "cronjobs",
    "Job": "jobs",
    "Namespace": "namespaces",
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "VerticalPodAutoscaler": "verticalpodautoscalers",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "ServiceAccount": "serviceaccounts",
}
"""Resources of the kinds that policies may look at, as webhook rules name them."""


def _webhook(hook: Object, settings: Settings) -> Object:
    fitted = {**hook, "failurePolicy": settings.failure_policy, "timeoutSeconds": settings.timeout}
    if hook["name"] != MAIN_WEBHOOK:
        return fitted
    rules = [_rule(rule) for rule in settings.rules] + _templates_and_constraints()
    selector = hook["namespaceSelector"]
    names = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": list(settings.exempt_namespaces)}
    expressions = [*selector["matchExpressions"], *([names] if settings.exempt_namespaces else [])]
    return {**fitted, "rules": rules, "namespaceSelector": {**selector, "matchExpressions": expressions}}


def _rule(judged: Mapping[str, Sequence[str]]) -> Object:
    """The webhook is asked about what a policy looks at, not about every write to the API server."""
    if unknown := [kind for kind in judged["kinds"] if kind not in PLURALS]:
        raise PolicyError(
            f"no resource is known for kind {', '.join(unknown)}: add it to PLURALS of policy/gatekeeper.py"
        )
    resources = [PLURALS[kind] for kind in judged["kinds"]]
    if "pods" in resources:
        resources.append("pods/ephemeralcontainers")
    return {
        "apiGroups": list(judged["apiGroups"]),
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": resources,
    }


def _templates_and_constraints() -> list[Object]:
    """Gatekeeper checks its own objects as they are written."""
    groups = ["templates.gatekeeper.sh", "constraints.gatekeeper.sh", "config.gatekeeper.sh", "expansion.gatekeeper.sh"]
    rule = {"apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["*"]}
    return [{"apiGroups": [*groups, "syncset.gatekeeper.sh"], **rule}]
