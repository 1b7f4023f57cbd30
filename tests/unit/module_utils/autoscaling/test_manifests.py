"""Upstream's manifests of metrics-server and the vertical pod autoscaler, as the platform wants them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.autoscaling import manifests
from ansible_collections.gantry.platform.plugins.module_utils.autoscaling.manifests import AutoscalingError, Settings

GIVEN: dict[str, Any] = {name: {"image": f"registry.example/{name}:1"} for name in manifests.COMPONENTS}


def deployment(name: str) -> dict[str, Any]:
    """A Deployment as upstream writes it: a secret of its own, a probe that waits, flags that we set otherwise."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "kube-system"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [
                        {
                            "name": "main",
                            "image": "upstream:latest",
                            "imagePullPolicy": "Always",
                            "args": ["--secure-port=10250", "--metric-resolution=60s", "--v=4"],
                            "ports": [{"containerPort": 10250}, {"name": "prometheus", "containerPort": 8942}],
                            "readinessProbe": {"httpGet": {"path": "/readyz"}, "initialDelaySeconds": 20},
                            "volumeMounts": [
                                {"name": "tmp", "mountPath": "/tmp"},
                                {"name": "tls-certs", "mountPath": "/etc/tls-certs"},
                            ],
                        }
                    ],
                    "volumes": [
                        {"name": "tmp", "emptyDir": {}},
                        {"name": "tls-certs", "secret": {"secretName": "made-by-a-script"}},
                    ],
                },
            },
        },
    }


def fitted(*more: dict[str, Any], **components: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    given = {name: {**value, **components.get(name.replace("-", "_"), {})} for name, value in GIVEN.items()}
    settings = Settings("autoscaling", "certificate", "PEM", manifests.components(given))
    objects = [*more, *(deployment(name) for name in manifests.COMPONENTS)]
    return {(item["kind"], item["metadata"]["name"]): item for item in manifests.fit(objects, settings)}


def container(item: dict[str, Any]) -> dict[str, Any]:
    return dict(item["spec"]["template"]["spec"]["containers"][0])


def test_a_deployment_is_restricted_and_moved() -> None:
    item = fitted()["Deployment", "vpa-recommender"]
    pod = item["spec"]["template"]["spec"]
    assert item["metadata"]["namespace"] == "autoscaling"
    assert item["spec"]["replicas"] == 1
    assert pod["securityContext"]["runAsNonRoot"]
    assert container(item)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container(item)["image"] == "registry.example/vpa-recommender:1"
    assert container(item)["imagePullPolicy"] == "IfNotPresent"
    assert manifests.TOKEN in item["spec"]["template"]["metadata"]["annotations"]


def test_secrets_of_upstream_go_and_ours_serves_those_that_are_called() -> None:
    objects = fitted()
    volumes = {
        name: [volume["name"] for volume in objects["Deployment", name]["spec"]["template"]["spec"]["volumes"]]
        for name in manifests.COMPONENTS
    }
    assert volumes == {
        "metrics-server": ["tmp", "certificate"],
        "vpa-admission-controller": ["tmp", "certificate"],
        "vpa-recommender": ["tmp"],
        "vpa-updater": ["tmp"],
    }


def test_our_arguments_win_and_none_takes_one_away() -> None:
    items = fitted(metrics_server={"arguments": {"metric-resolution": "15s", "v": None}})
    args = container(items["Deployment", "metrics-server"])["args"]
    assert args == [
        "--secure-port=10250",
        "--metric-resolution=15s",
        "--tls-cert-file=/etc/tls-certs/tls.crt",
        "--tls-private-key-file=/etc/tls-certs/tls.key",
    ]


def test_every_port_has_a_name_and_readiness_does_not_wait() -> None:
    main = container(fitted()["Deployment", "metrics-server"])
    assert [port["name"] for port in main["ports"]] == ["https", "prometheus"]
    assert "initialDelaySeconds" not in main["readinessProbe"]


def test_the_api_server_knows_who_answers() -> None:
    service = {
        "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {"insecureSkipTLSVerify": True, "service": {"name": "metrics-server", "namespace": "kube-system"}},
    }
    spec = fitted(service)["APIService", "v1beta1.metrics.k8s.io"]["spec"]
    assert "insecureSkipTLSVerify" not in spec
    assert base64.b64decode(spec["caBundle"]) == b"PEM"
    assert spec["service"]["namespace"] == "autoscaling"


def test_who_reads_the_api_servers_settings_is_said_where_they_are() -> None:
    binding = {
        "kind": "RoleBinding",
        "metadata": {"name": "reader", "namespace": "kube-system"},
        "roleRef": {"name": manifests.AUTHENTICATION_READER},
        "subjects": [{"kind": "ServiceAccount", "name": "metrics-server", "namespace": "kube-system"}],
    }
    item = fitted(binding)["RoleBinding", "reader"]
    assert item["metadata"]["namespace"] == "kube-system"
    assert item["subjects"][0]["namespace"] == "autoscaling"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vpa-updater": {}}, "vpa-updater.image is missing"),
        ({"vpa-updator": {"image": "x"}}, "vpa-updator: is none of metrics-server"),
        ({"vpa-updater": {"image": "x", "args": []}}, "vpa-updater.args: use one of image, resources, arguments"),
    ],
)
def test_wrong_settings_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(AutoscalingError, match=message):
        manifests.components({**GIVEN, **change})


def test_a_missing_or_unknown_deployment_is_an_error() -> None:
    settings = Settings("autoscaling", "certificate", "PEM", manifests.components(GIVEN))
    with pytest.raises(AutoscalingError, match="have no Deployment metrics-server"):
        manifests.fit([deployment(name) for name in manifests.COMPONENTS[1:]], settings)
    with pytest.raises(AutoscalingError, match="another version"):
        manifests.fit([deployment("vpa-other")], settings)


def test_reading_names_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(AutoscalingError, match="has no manifests; name the bundle's"):
        manifests.read([tmp_path])
    (tmp_path / "kustomization.yaml").write_text("resources: []")
    (tmp_path / "a.yaml").write_text(yaml.safe_dump_all([deployment("metrics-server"), None]))
    assert [item["kind"] for item in manifests.read([tmp_path])] == ["Deployment"]
    (tmp_path / "b.yaml").write_text("a: [")
    with pytest.raises(AutoscalingError, match=r"b\.yaml is not YAML"):
        manifests.read([tmp_path])
