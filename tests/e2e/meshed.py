"""Pods of drills within the mesh: they run the catalog's image, which is at hand and satisfies every policy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.e2e.conftest import kubectl, objects

GATEWAY = "cluster.local/ns/istio-ingress/sa/istio-ingressgateway-service-account"
ASK = """
import sys, urllib.error, urllib.request
url, *pairs = sys.argv[1:]
request = urllib.request.Request(url, headers=dict(pair.split("=", 1) for pair in pairs))
try:
    with urllib.request.urlopen(request, timeout=10) as answer:
        print(answer.status)
except urllib.error.HTTPError as error:
    print(error.code)
"""


UNSCRAPED = {"prometheus.istio.io/merge-metrics": "false"}
"""Annotation of a drill's pods: they are gone too soon to be anybody's figures."""


def labels(name: str) -> dict[str, str]:
    """What every object of a drill carries."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "drill"}


def pod_spec(account: str, selector: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A pod that serves the catalog on port 8080, on nodes with these labels."""
    [catalog] = objects("deployment/catalog", "--namespace=shop")
    image = catalog["spec"]["template"]["spec"]["containers"][0]["image"]
    probe = {"httpGet": {"path": "/healthz", "port": "http-api"}, "periodSeconds": 2}
    return {
        "serviceAccountName": account,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 10,
        "nodeSelector": dict(selector or {}),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "catalog",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "ports": [{"name": "http-api", "containerPort": 8080, "protocol": "TCP"}],
                "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
                "readinessProbe": probe,
                "livenessProbe": probe,
                "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
                "resources": {
                    "requests": {"cpu": "5m", "memory": "48Mi"},
                    "limits": {"cpu": "500m", "memory": "128Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


def account(name: str, namespace: str) -> dict[str, Any]:
    """A service account without a token."""
    metadata = {"name": name, "namespace": namespace, "labels": labels(name)}
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata,
        "automountServiceAccountToken": False,
    }


def apply(items: Iterable[Mapping[str, Any]]) -> None:
    """Applies objects as they are."""
    kubectl("apply", "--filename=-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}))


def delete(items: Iterable[Mapping[str, Any]]) -> None:
    """Removes objects, those that are gone already too."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)})
    kubectl("delete", "--ignore-not-found", "--wait=true", "--timeout=60s", "--filename=-", stdin=listed)


def ask(pod: str, namespace: str, url: str, **headers: str) -> int:
    """The status that a pod of a drill gets at a URL; underscores in the names of headers stand for dashes."""
    pairs = [f"{name.replace('_', '-')}={value}" for name, value in headers.items()]
    out = kubectl(
        "exec", pod, f"--namespace={namespace}", "--container=catalog", "--", "python3", "-c", ASK, url, *pairs
    )
    return int(out.strip().splitlines()[-1])
