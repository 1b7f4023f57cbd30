"""Argo CD's own manifests, fitted to the platform. Pure: no cluster is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError

Object = dict[str, Any]

PARTS = (
    "base/config",
    "base/application-controller",
    "base/application-controller-roles",
    "base/applicationset-controller",
    "base/repo-server",
    "base/server",
    "base/redis",
)
"""What is taken beside the CRDs, which are applied as they are. Dex and notifications are not run; rights over the
stages are given by namespace, by the role."""

TOKEN = "platform.gantry.dev/service-account-token"  # noqa: S105 (the name of an annotation)
WHY = {
    "argocd-application-controller": "It compares and applies the objects of the stages",
    "argocd-applicationset-controller": "It makes the applications of what is in git",
    "argocd-server": "It reads applications, and its own accounts",
}
PORTS = {
    "argocd-application-controller": {8082: "http-metrics"},
    "argocd-applicationset-controller": {7000: "http-webhook", 8080: "http-metrics"},
    "argocd-repo-server": {8081: "grpc-repo", 8084: "http-metrics"},
    "argocd-server": {8080: "http-api", 8083: "http-metrics"},
    "argocd-redis": {6379: "tcp-redis"},
}
PROBES = {
    "argocd-applicationset-controller": {"tcpSocket": {"port": "http-webhook"}},
    "argocd-redis": {"tcpSocket": {"port": "tcp-redis"}},
}
_POLICIES = ("NetworkPolicy",)


@dataclass(frozen=True)
class Settings:
    """What is not as upstream has it; `data`: ConfigMap or Secret → what is set in it."""

    image: str
    redis_image: str
    namespace: str
    resources: Mapping[str, Mapping[str, Any]]
    data: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


def read(directory: Path) -> list[Object]:
    """The objects of upstream's manifests. Raises DeliveryError."""
    remedy = "name the bundle's, as bundle_files has them"
    return [one for part in PARTS for one in documents.read_directory(directory / part, DeliveryError, remedy)]


def fit(objects: Iterable[Object], settings: Settings) -> list[Object]:
    """The objects to apply.

    :raises DeliveryError: Settings name what the manifests do not have.
    """
    kept = [one for one in objects if not _left_out(one)]
    names = {one["metadata"]["name"] for one in kept}
    unknown = sorted((set(settings.data) | set(settings.resources)) - names)
    if unknown or not names >= set(PORTS):
        missing = ", ".join(unknown or sorted(set(PORTS) - names))
        raise DeliveryError(f"Argo CD's manifests have no {missing}: are they those of the bundle's version?")
    return [_fitted(one, settings) for one in kept]


def _left_out(one: Object) -> bool:
    """The role brings its own network policies. Redis' password is the platform's, so that nothing makes one."""
    redis_rights = one["kind"] in ("Role", "RoleBinding") and one["metadata"]["name"] == "argocd-redis"
    return one["kind"] in _POLICIES or redis_rights


def _fitted(one: Object, settings: Settings) -> Object:
    metadata = {**one["metadata"], "namespace": settings.namespace}
    fitted = {**one, "metadata": metadata}
    match one["kind"]:
        case "Deployment" | "StatefulSet":
            return _workload(fitted, settings)
        case "RoleBinding":
            return {**fitted, "subjects": [{**who, "namespace": settings.namespace} for who in one["subjects"]]}
        case "ServiceAccount":
            return {**fitted, "automountServiceAccountToken": False}
        case "ConfigMap" | "Secret":
            key = "data" if one["kind"] == "ConfigMap" else "stringData"
            data = {
                **(one.get(key) or {}),
                **{name: _text(value) for name, value in settings.data.get(metadata["name"], {}).items()},
            }
            return {**fitted, key: data} if data else fitted
        case "Service":
            return {**fitted, "spec": _service(one["spec"])}
    return fitted


def _text(value: Any) -> str:
    """A setting as Argo CD reads it, always a string."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _service(spec: Object) -> Object:
    """With target ports by name, and names by which the mesh knows the protocol."""
    known = PORTS[spec["selector"]["app.kubernetes.io/name"]]
    ports = [
        {**port, "name": _protocol(port, known), "targetPort": _target(port, known)} for port in spec.get("ports") or []
    ]
    return {**spec, **({"ports": ports} if ports else {})}


def _target(port: Object, known: Mapping[int, str]) -> str:
    target = port["targetPort"]
    return known[target] if isinstance(target, int) else known[port["port"]]


def _protocol(port: Object, known: Mapping[int, str]) -> str:
    name = str(port["name"])
    return name if name in ("http", "https", "tcp-redis") else f"{_target(port, known).partition('-')[0]}-{name}"


def _workload(one: Object, settings: Settings) -> Object:
    name, spec = one["metadata"]["name"], one["spec"]
    template, pod = spec["template"], spec["template"]["spec"]
    labels = {**one["metadata"]["labels"], **template["metadata"]["labels"]}
    annotations = dict(settings.annotations)
    metrics = [number for number, port in PORTS[name].items() if port == "http-metrics"]
    for number in metrics:
        annotations |= {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(number),
            "prometheus.io/path": "/metrics",
        }
    if name in WHY:
        annotations[TOKEN] = WHY[name]
    security = {
        "runAsNonRoot": True,
        "runAsUser": 999,
        "runAsGroup": 999,
        "fsGroup": 999,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    fitted = {
        **{key: value for key, value in pod.items() if key != "initContainers"},
        "automountServiceAccountToken": name in WHY,
        "enableServiceLinks": False,
        "securityContext": security,
        "containers": [_container(container, name, settings) for container in pod["containers"]],
        # Only plugins would need what upstream's init containers prepare.
        "volumes": list(_volumes(pod)),
    }
    if not fitted["volumes"]:
        del fitted["volumes"]
    metadata = {**template["metadata"], "labels": labels, "annotations": annotations}
    return {**one, "spec": {**spec, "template": {**template, "metadata": metadata, "spec": fitted}}}


def _volumes(pod: Object) -> Iterator[Object]:
    mounted = {mount["name"] for container in pod["containers"] for mount in container.get("volumeMounts") or []}
    yield from (volume for volume in pod.get("volumes") or [] if volume["name"] in mounted)


def _container(container: Object, name: str, settings: Settings) -> Object:
    ports = [{"name": port, "containerPort": number, "protocol": "TCP"} for number, port in PORTS[name].items()]
    security = {**(container.get("securityContext") or {}), "runAsNonRoot": True}
    fitted = {
        **container,
        "image": settings.redis_image if name == "argocd-redis" else settings.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": ports,
        "resources": dict(settings.resources.get(name, {})),
        "securityContext": security,
    }
    if name in PROBES:
        fitted["readinessProbe"] = {**PROBES[name], "periodSeconds": 5}
    for key in ("livenessProbe", "readinessProbe"):
        if key in fitted:
            fitted[key] = _named(fitted[key], PORTS[name])
    readiness = fitted["readinessProbe"]
    fitted["readinessProbe"] = {
        **readiness,
        "initialDelaySeconds": 1,
        "periodSeconds": min(5, readiness.get("periodSeconds", 5)),
    }
    return fitted


def _named(probe: Object, ports: Mapping[int, str]) -> Object:
    for way in ("httpGet", "tcpSocket"):
        if way in probe:
            port = probe[way]["port"]
            return {**probe, way: {**probe[way], "port": ports.get(port, port)}}
    return probe
