# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Looks at a cluster that somebody else has made: what it is, and what we may do there. It only reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
OPENSHIFT = ("route.openshift.io", "security.openshift.io")
"""API groups that OpenShift serves, and nobody else all of them."""
MIRRORS = "config.openshift.io"
"""The group in which OpenShift is told where images are mirrored."""
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


@dataclass(frozen=True)
class Right:
    """A verb on all objects of one resource."""

    verb: str
    group: str
    resource: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


RIGHTS = (
    Right("create", "", "namespaces"),
    Right("create", "apiextensions.k8s.io", "customresourcedefinitions"),
    Right("create", "apiregistration.k8s.io", "apiservices"),
    Right("create", "admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    Right("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    Right("escalate", "rbac.authorization.k8s.io", "clusterroles"),
    Right("bind", "rbac.authorization.k8s.io", "clusterroles"),
    Right("create", "", "secrets"),
    Right("create", "apps", "deployments"),
)
"""What the components' objects ask for: a cluster's administrator has it."""
OPENSHIFT_RIGHTS = (
    Right("create", "security.openshift.io", "securitycontextconstraints"),
    Right("create", "route.openshift.io", "routes"),
)


@dataclass(frozen=True)
class Facts:
    """What was found. `denied`: the rights that are missing. `mirrors`: whether OpenShift is told where images lie."""

    server: str
    version: str
    nodes: int
    openshift: bool
    mirrors: bool
    default_classes: tuple[str, ...]
    denied: tuple[str, ...]

    def as_facts(self) -> dict[str, Any]:
        """For Ansible."""
        return {**asdict(self), "default_classes": list(self.default_classes), "denied": list(self.denied)}


def look(client: Client) -> Facts:
    """Ask the cluster. Raises ReleaseError where it cannot be asked."""
    groups = {group["name"] for group in client.get("/apis").get("groups") or []}
    openshift = all(group in groups for group in OPENSHIFT)
    classes = (client.get(CLASSES).get("items")) or []
    return Facts(
        server=client.server,
        version=str(client.get("/version").get("gitVersion", "")).removeprefix("v").partition("+")[0],
        nodes=len(client.get("/api/v1/nodes").get("items") or []),
        openshift=openshift,
        mirrors=MIRRORS in groups,
        default_classes=tuple(sorted(_name(one) for one in classes if _is_default(one))),
        denied=tuple(_denied(client, (*RIGHTS, *(OPENSHIFT_RIGHTS if openshift else ())))),
    )


def mistakes(facts: Facts, version: str, default_class: bool = True) -> Iterator[Mistake]:
    """Why the platform cannot run there.

    `version`: that of the contract, for which charts and programs are made. `default_class`: whether the cluster must
    bring a default StorageClass.
    """
    wanted, found = _minor(version), _minor(facts.version)
    if found and abs(wanted - found) > 1:
        problem = f"is more than one minor version from what {facts.server} runs ({facts.version})"
        yield Mistake("platform_kubernetes_version", version, problem, f"set it to a version of 1.{found}")
    if not facts.nodes:
        yield Mistake("nodes", "0", f"{facts.server} has none that a pod could run on", "add nodes to the cluster")
    if default_class and len(facts.default_classes) != 1:
        shown = ", ".join(facts.default_classes) or "none"
        problem = f"{facts.server} must have just one default StorageClass, for the volumes of what keeps data"
        remedy = f"kubectl annotate storageclass NAME {DEFAULT_CLASS}=true, and false on every other"
        yield Mistake("default StorageClass", shown, problem, remedy)
    if facts.denied:
        problem = f"the user of the kubeconfig may not do this at {facts.server}"
        yield Mistake("rights", ", ".join(facts.denied), problem, "take a kubeconfig of a cluster administrator")


def _minor(version: str) -> int:
    parts = version.split(".")
    return int(parts[1].rstrip("+")) if len(parts) > 1 and parts[1].rstrip("+").isdigit() else 0


def _name(one: dict[str, Any]) -> str:
    return str(one["metadata"]["name"])


def _is_default(one: dict[str, Any]) -> bool:
    return (one["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"


def _denied(client: Client, rights: Iterable[Right]) -> Iterator[str]:
    for right in rights:
        asked = {"verb": right.verb, "group": right.group, "resource": right.resource}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        if not client.request("POST", REVIEWS, body=review)[1]["status"].get("allowed"):
            yield str(right)
