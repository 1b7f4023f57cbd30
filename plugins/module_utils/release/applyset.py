# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Who belongs to a release: the ApplySet labels of KEP-3659, with a cluster-scoped parent of our own kind."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind

MEMBER = "applyset.kubernetes.io/part-of"
ID = "applyset.kubernetes.io/id"
IS_PARENT = "applyset.kubernetes.io/is-parent-type"
TOOLING = "applyset.kubernetes.io/tooling"
GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"

PARENT = Kind("platform.gantry.dev", "v1", "Release", "releases", namespaced=False)
PARENT_CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PARENT.plural}.{PARENT.group}", "labels": {IS_PARENT: "true"}},
    "spec": {
        "group": PARENT.group,
        "scope": "Cluster",
        "names": {"kind": PARENT.name, "listKind": "ReleaseList", "plural": PARENT.plural, "singular": "release"},
        "versions": [
            {
                "name": PARENT.version,
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "description": "Objects that were applied together; they carry its id as a label.",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}},
                            }
                        },
                    }
                },
                "additionalPrinterColumns": [
                    {"name": "Release", "type": "string", "jsonPath": ".spec.name"},
                    {"name": "Namespace", "type": "string", "jsonPath": ".spec.namespace"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
            }
        ],
    },
}


@dataclass(frozen=True)
class Contents:
    """What a parent says of its members: their kinds, and the namespaces they are in."""

    group_kinds: frozenset[str] = field(default_factory=frozenset)
    namespaces: frozenset[str] = field(default_factory=frozenset)

    def __or__(self, other: Contents) -> Contents:
        return Contents(self.group_kinds | other.group_kinds, self.namespaces | other.namespaces)


def parent_name(name: str, namespace: str) -> str:
    """The parent's name: the release's, with its namespace where it has one."""
    return f"{name}.{namespace}" if namespace else name


def set_id(parent: str) -> str:
    """The id of the set whose parent has this name, as KEP-3659 computes it."""
    digest = hashlib.sha256(f"{parent}..{PARENT.name}.{PARENT.group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def contents(parent: dict[str, Any] | None) -> Contents:
    """Read the annotations of a live parent; empty where there is none."""
    annotations = ((parent or {}).get("metadata") or {}).get("annotations") or {}
    return Contents(_listed(annotations.get(GROUP_KINDS)), _listed(annotations.get(NAMESPACES)))


def parent(name: str, namespace: str, held: Contents, version: str) -> dict[str, Any]:
    """The parent object of a release."""
    full = parent_name(name, namespace)
    return {
        "apiVersion": PARENT.api_version,
        "kind": PARENT.name,
        "metadata": {
            "name": full,
            "labels": {ID: set_id(full)},
            "annotations": {
                TOOLING: f"gantry.platform.k8s_release/{version}",
                GROUP_KINDS: ",".join(sorted(held.group_kinds)),
                NAMESPACES: ",".join(sorted(held.namespaces)),
            },
        },
        "spec": {"name": name, "namespace": namespace},
    }


def member_of(live: dict[str, Any]) -> str:
    """The id of the set that a live object belongs to, or nothing."""
    return str(((live.get("metadata") or {}).get("labels") or {}).get(MEMBER) or "")


def applied(live: dict[str, Any]) -> bool:
    """Whether the membership was applied: some controllers copy an object's labels to what they make of it."""
    for entry in (live.get("metadata") or {}).get("managedFields") or []:
        labels = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:labels") or {}
        if entry.get("operation") == "Apply" and f"f:{MEMBER}" in labels:
            return True
    return False


def _listed(text: str | None) -> frozenset[str]:
    return frozenset(part for part in (text or "").split(",") if part)
