"""The manifests of metrics-server and of the vertical pod autoscaler, fitted to the platform. Pure but for reading."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils import documents

Object = dict[str, Any]

PART_OF = "autoscaling"
TOKEN = "platform.gantry.dev/service-account-token"  # noqa: S105 (the name of an annotation)
AUTHENTICATION_READER = "extension-apiserver-authentication-reader"
CERTIFICATE = "/etc/tls-certs"
"""Where the certificate is mounted, with the keys of a Secret of type kubernetes.io/tls."""

METRICS_SERVER = "metrics-server"
ADMISSION = "vpa-admission-controller"
RECOMMENDER = "vpa-recommender"
UPDATER = "vpa-updater"
COMPONENTS = (METRICS_SERVER, RECOMMENDER, UPDATER, ADMISSION)

SERVED = {
    METRICS_SERVER: {
        "tls-cert-file": f"{CERTIFICATE}/tls.crt",
        "tls-private-key-file": f"{CERTIFICATE}/tls.key",
    },
    ADMISSION: {
        "tls-cert-file": f"{CERTIFICATE}/tls.crt",
        "tls-private-key": f"{CERTIFICATE}/tls.key",
        # The role states the webhook's configuration; nothing registers itself.
        "register-webhook": "false",
    },
}
"""Arguments of the components that the API server calls."""

REASONS = {
    METRICS_SERVER: "It lists nodes and pods, asks kubelets, and has the API server check who asks it",
    RECOMMENDER: "It watches pods and writes recommendations",
    UPDATER: "It watches pods and evicts those that are far from their recommendation",
    ADMISSION: "It looks up the recommendation of a pod that is made",
}


class AutoscalingError(Exception):
    """The manifests cannot be read or are not the expected ones; the message says which and why."""


@dataclass(frozen=True)
class Component:
    """What is not as upstream has it. `arguments` win over upstream's of the same name; None takes one away."""

    image: str
    resources: Mapping[str, Any]
    arguments: Mapping[str, str | None]
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class Settings:
    """`ca`: PEM of the authority by which the API server knows metrics-server; `secret` holds its certificate."""

    namespace: str
    secret: str
    ca: str
    components: Mapping[str, Component]


def components(given: Mapping[str, Any]) -> dict[str, Component]:
    """Typed settings of the components, by the names of their Deployments. Raises AutoscalingError."""
    known = ("image", "resources", "arguments", "annotations")
    mistakes = [f"{name}: is none of {', '.join(COMPONENTS)}" for name in given if name not in COMPONENTS]
    mistakes += [f"{name} is missing" for name in COMPONENTS if name not in given]
    mistakes += [f"{name}.image is missing" for name in COMPONENTS if name in given and not given[name].get("image")]
    mistakes += [
        f"{name}.{key}: use one of {', '.join(known)}"
        for name in COMPONENTS
        for key in given.get(name, {})
        if key not in known
    ]
    if mistakes:
        raise AutoscalingError("components:\n" + "\n".join(mistakes))
    return {
        name: Component(given[name]["image"], *(given[name].get(key) or {} for key in known[1:])) for name in COMPONENTS
    }


def read(directories: Iterable[Path]) -> list[Object]:
    """The objects of upstream's manifests. Raises AutoscalingError."""
    remedy = "name the bundle's, as bundle_files has them"
    return [one for path in directories for one in documents.read_directory(path, AutoscalingError, remedy)]


def fit(objects: Iterable[Object], settings: Settings) -> list[Object]:
    """The objects to apply, in upstream's order, in the settings' namespace.

    :raises AutoscalingError: The manifests lack one of the components.
    """
    fitted = [_fitted(item, settings) for item in objects]
    found = {item["metadata"]["name"] for item in fitted if item["kind"] == "Deployment"}
    if missing := [name for name in COMPONENTS if name not in found]:
        raise AutoscalingError(f"the manifests have no Deployment {', '.join(missing)}")
    return fitted


def _fitted(item: Object, settings: Settings) -> Object:
    item = _moved(item, settings.namespace)
    match item["kind"]:
        case "Deployment":
            return _deployment(item, settings)
        case "Service":
            return _service(item)
        case "APIService":
            return _api_service(item, settings)
    return item


def _moved(item: Object, namespace: str) -> Object:
    """In the given namespace. Who may read the API server's own settings is said where these are."""
    metadata = item["metadata"]
    stays = item["kind"] == "RoleBinding" and item["roleRef"]["name"] == AUTHENTICATION_READER
    moved = {**item}
    if "namespace" in metadata and not stays:
        moved["metadata"] = {**metadata, "namespace": namespace}
    if subjects := item.get("subjects"):
        moved["subjects"] = [{**subject, "namespace": namespace} for subject in subjects]
    return moved


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": PART_OF}


def _api_service(item: Object, settings: Settings) -> Object:
    spec = {key: value for key, value in item["spec"].items() if key != "insecureSkipTLSVerify"}
    spec["service"] = {**spec["service"], "namespace": settings.namespace}
    spec["caBundle"] = base64.b64encode(settings.ca.encode()).decode()
    return {**item, "spec": spec}


def _service(item: Object) -> Object:
    """Its ports say their protocol and name those of the pods."""
    name = METRICS_SERVER if item["metadata"]["name"] == METRICS_SERVER else ADMISSION
    ports = [{**port, "name": "https", "appProtocol": "https", "targetPort": "https"} for port in item["spec"]["ports"]]
    return {
        **item,
        "metadata": {**item["metadata"], "labels": _labels(name)},
        "spec": {**item["spec"], "selector": {"app.kubernetes.io/name": name}, "ports": ports},
    }


def _deployment(item: Object, settings: Settings) -> Object:
    name = item["metadata"]["name"]
    if name not in settings.components:
        raise AutoscalingError(
            f"Deployment {name} is none of {', '.join(settings.components)}: is this another version?"
        )
    component = settings.components[name]
    template = item["spec"]["template"]
    pod = template["spec"]
    (container,) = pod["containers"]
    volumes, mounts = _files(name, pod, container, settings.secret)
    spec = {
        **pod,
        "enableServiceLinks": False,
        "securityContext": {
            **pod.get("securityContext", {}),
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(name, {**container, "volumeMounts": mounts}, component)],
        "volumes": volumes,
    }
    annotations = {TOKEN: REASONS[name], **component.annotations}
    return {
        **item,
        "metadata": {**item["metadata"], "labels": _labels(name)},
        "spec": {
            **item["spec"],
            "replicas": 1,
            "selector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "template": {"metadata": {"labels": _labels(name), "annotations": annotations}, "spec": spec},
        },
    }


def _files(name: str, pod: Object, container: Object, secret: str) -> tuple[list[Object], list[Object]]:
    """Volumes and their mounts: upstream's, and the certificate where the API server calls."""
    volumes = [volume for volume in pod.get("volumes", []) if "secret" not in volume]
    kept = {volume["name"] for volume in volumes}
    mounts = [mount for mount in container.get("volumeMounts", []) if mount["name"] in kept]
    if name in SERVED:
        volumes.append({"name": "certificate", "secret": {"secretName": secret}})
        mounts.append({"name": "certificate", "mountPath": CERTIFICATE, "readOnly": True})
    return volumes, mounts


def _container(name: str, container: Object, component: Component) -> Object:
    own: dict[str, str | None] = {**SERVED.get(name, {}), **component.arguments}
    return {
        **container,
        "image": component.image,
        "imagePullPolicy": "IfNotPresent",
        "args": arguments(container.get("args", []), own),
        "resources": dict(component.resources),
        "ports": [port if "name" in port else {**port, "name": "https"} for port in container["ports"]],
        # It is ready as soon as it says so.
        "readinessProbe": {**_without(container["readinessProbe"], "initialDelaySeconds"), "periodSeconds": 3},
        "securityContext": {
            **container.get("securityContext", {}),
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def arguments(theirs: Iterable[str], own: Mapping[str, str | None]) -> list[str]:
    """Upstream's arguments but those of a name in `own`, which follow as `--name=value`, by name."""
    kept = [argument for argument in theirs if argument.lstrip("-").partition("=")[0] not in own]
    return kept + [f"--{name}={value}" for name, value in sorted(own.items()) if value is not None]


def _without(mapping: Object, key: str) -> Object:
    return {name: value for name, value in mapping.items() if name != key}
