"""Argo CD's own manifests, fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.delivery import argocd
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError

Object = dict[str, Any]


def workload(name: str, kind: str = "Deployment", **container: Any) -> Object:
    labels = {"app.kubernetes.io/name": name}
    port = next(iter(argocd.PORTS[name]))
    probe = {"httpGet": {"path": "/healthz", "port": port}, "periodSeconds": 30, "initialDelaySeconds": 30}
    plain = {
        "name": name,
        "image": "quay.io/argoproj/argocd:latest",
        "imagePullPolicy": "Always",
        "readinessProbe": probe,
    }
    volumes = [{"name": "used", "emptyDir": {}}, {"name": "var-files", "emptyDir": {}}]
    pod = {
        "serviceAccountName": name,
        "initContainers": [{"name": "copyutil"}],
        "containers": [{**plain, "volumeMounts": [{"name": "used", "mountPath": "/used"}], **container}],
        "volumes": volumes,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": {**labels, "app.kubernetes.io/part-of": "argocd"}},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def named(kind: str, name: str, **more: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **more}


UPSTREAM = [
    named("ConfigMap", "argocd-cm", data={"kept": "yes"}),
    named("Secret", "argocd-secret"),
    named("NetworkPolicy", "argocd-redis-network-policy"),
    named("Role", "argocd-redis"),
    named("RoleBinding", "argocd-redis"),
    named("RoleBinding", "argocd-server", subjects=[{"kind": "ServiceAccount", "name": "argocd-server"}]),
    named("ServiceAccount", "argocd-server"),
    {
        **named("Service", "argocd-metrics"),
        "spec": {
            "selector": {"app.kubernetes.io/name": "argocd-application-controller"},
            "ports": [{"name": "metrics", "port": 8082, "targetPort": 8082}],
        },
    },
    *(workload(name) for name in argocd.PORTS),
]
SETTINGS = argocd.Settings(
    image="quay.io/argoproj/argocd:v1",
    redis_image="example.org/redis:1",
    namespace="delivery",
    resources={"argocd-server": {"requests": {"cpu": "10m"}}},
    data={"argocd-cm": {"count": 8, "on": True}, "argocd-secret": {"key": "value"}},
)


@pytest.fixture
def fitted() -> dict[tuple[str, str], Object]:
    """The fitted objects by kind and name."""
    return {(one["kind"], one["metadata"]["name"]): one for one in argocd.fit(UPSTREAM, SETTINGS)}


def test_what_the_role_brings_itself_is_left_out(fitted: dict[tuple[str, str], Object]) -> None:
    kinds = {kind for kind, _ in fitted}
    assert "NetworkPolicy" not in kinds
    assert not {("Role", "argocd-redis"), ("RoleBinding", "argocd-redis")} & set(fitted)


def test_all_is_in_the_namespace(fitted: dict[tuple[str, str], Object]) -> None:
    assert all(one["metadata"]["namespace"] == "delivery" for one in fitted.values())
    assert fitted["RoleBinding", "argocd-server"]["subjects"][0]["namespace"] == "delivery"


def test_settings_are_text(fitted: dict[tuple[str, str], Object]) -> None:
    assert fitted["ConfigMap", "argocd-cm"]["data"] == {"kept": "yes", "count": "8", "on": "true"}
    assert fitted["Secret", "argocd-secret"]["stringData"] == {"key": "value"}


@pytest.mark.parametrize("name", argocd.PORTS)
def test_pods_keep_to_policy(fitted: dict[tuple[str, str], Object], name: str) -> None:
    template = fitted["Deployment", name]["spec"]["template"]
    pod, annotations = template["spec"], template["metadata"]["annotations"]
    (container,) = pod["containers"]
    assert "initContainers" not in pod
    assert [volume["name"] for volume in pod["volumes"]] == ["used"]
    assert template["metadata"]["labels"]["app.kubernetes.io/part-of"] == "argocd"
    assert pod["automountServiceAccountToken"] == (argocd.TOKEN in annotations) == (name in argocd.WHY)
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["image"] == (SETTINGS.redis_image if name == "argocd-redis" else SETTINGS.image)
    assert all(port["name"] for port in container["ports"])
    assert container["readinessProbe"]["periodSeconds"] <= 5
    (way,) = {"httpGet", "tcpSocket"} & set(container["readinessProbe"])
    assert container["readinessProbe"][way]["port"] in argocd.PORTS[name].values()


def test_metrics_are_scraped(fitted: dict[tuple[str, str], Object]) -> None:
    annotations = fitted["Deployment", "argocd-repo-server"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == "8084"
    (port,) = fitted["Service", "argocd-metrics"]["spec"]["ports"]
    assert port == {"name": "http-metrics", "port": 8082, "targetPort": "http-metrics"}


def test_what_the_manifests_lack_is_named() -> None:
    with pytest.raises(DeliveryError, match="have no argocd-cm2"):
        argocd.fit(UPSTREAM, argocd.Settings("a", "b", "c", {}, {"argocd-cm2": {}}))
    with pytest.raises(DeliveryError, match="have no argocd-application-controller"):
        argocd.fit([], argocd.Settings("a", "b", "c", {}))


def test_manifests_are_read(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="base/config has no manifests"):
        argocd.read(tmp_path)
    for part in argocd.PARTS:
        (tmp_path / part).mkdir(parents=True)
        (tmp_path / part / "one.yaml").write_text(yaml.safe_dump(named("ConfigMap", part.rpartition("/")[2])))
        (tmp_path / part / "kustomization.yaml").write_text("kind: Kustomization\n")
    assert len(argocd.read(tmp_path)) == len(argocd.PARTS)
    (tmp_path / "base/config/one.yaml").write_text("{")
    with pytest.raises(DeliveryError, match=r"base/config/one.yaml is not YAML"):
        argocd.read(tmp_path)
