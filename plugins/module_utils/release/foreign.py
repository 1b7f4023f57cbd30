# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What nobody declared: objects that people made beside the releases, and releases that no role states any more."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.client import METADATA_LIST, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.drift import BY_HAND
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind, discover
from ansible_collections.gantry.platform.plugins.module_utils.release.remover import WITH_DATA

BY_TOOLS = (*BY_HAND, "helm", "terraform", "HashiCorp", "OpenAPI-Generator", "Mozilla", "curl", "k9s", "node-fetch")
"""Beginnings of the names of field managers that are people's tools. What a controller wrote, too, is its business."""
TRACKED = "argocd.argoproj.io/tracking-id"
"""The annotation of what Argo CD delivers."""
PASSING = frozenset(
    {"Event", "Event.events.k8s.io", "Lease.coordination.k8s.io", "CertificateSigningRequest.certificates.k8s.io"}
)
"""Kinds that come and go by themselves."""
KEPT = frozenset({*WITH_DATA, "PersistentVolume"})
"""Kinds that hold data: told, and left to a person to remove."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Foreign:
    """An object that no release and no git holds, and who made it."""

    kind: Kind
    live: Object

    def told(self) -> Object:
        """As one difference, like those of ``drift``."""
        metadata = self.live["metadata"]
        entry = (metadata.get("managedFields") or [{}])[0]
        return {
            "release": "",
            "what": "foreign",
            "kind": self.kind.name,
            "namespace": metadata.get("namespace") or "",
            "name": metadata["name"],
            "fields": [{"path": "", "by": str(entry.get("manager") or ""), "at": str(entry.get("time") or "")}],
        }


def undeclared(client: Client, declared: Collection[str]) -> list[Object]:
    """Releases of the cluster that are not among those that were just stated."""
    names = {parent["metadata"]["name"] for parent in _parents(client)} - set(declared)
    blank = {"what": "undeclared", "kind": applyset.PARENT.name, "namespace": "", "fields": []}
    return [{**blank, "release": name, "name": name} for name in sorted(names)]


def find(client: Client) -> list[Foreign]:
    """Objects that only people's tools have written: in the releases' namespaces, and those of no namespace."""
    namespaces = {name for parent in _parents(client) for name in applyset.contents(parent).namespaces}
    kinds = [kind for kind in discover(client).kinds() if kind.group_kind not in PASSING]
    with ThreadPoolExecutor(8) as pool:
        listed = pool.map(lambda kind: list(_of_kind(client, kind, namespaces)), kinds)
        return sorted((one for ones in listed for one in ones), key=lambda one: json.dumps(one.told()))


def remove(client: Client, found: Collection[Foreign]) -> list[Foreign]:
    """Delete what holds no data, if it still is what was found. Returns what was deleted."""
    removed = []
    for one in found:
        if one.kind.name in KEPT:
            continue
        metadata = one.live["metadata"]
        body = {"propagationPolicy": "Background", "preconditions": {"uid": metadata["uid"]}}
        try:
            client.request("DELETE", one.kind.path(metadata.get("namespace") or "", metadata["name"]), body=body)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        removed.append(one)
    return removed


def is_foreign(live: Object) -> bool:
    """Whether only people's tools have written an object, and nothing owns or delivers it."""
    metadata = live["metadata"]
    if metadata.get("ownerReferences") or metadata.get("deletionTimestamp") or applyset.applied(live):
        return False
    if TRACKED in (metadata.get("annotations") or {}):
        return False
    entries = [entry for entry in metadata.get("managedFields") or [] if not entry.get("subresource")]
    return bool(entries) and all(str(entry.get("manager")).startswith(BY_TOOLS) for entry in entries)


def _parents(client: Client) -> list[Object]:
    return list((client.find(applyset.PARENT.path()) or {}).get("items") or [])


def _of_kind(client: Client, kind: Kind, namespaces: Collection[str]) -> Iterator[Foreign]:
    try:
        listed = client.find(kind.path(), accept=METADATA_LIST) or {}
    except ApiError as error:
        if error.status in (403, 405, 406):  # not to be listed, as a review of access is not
            return
        raise
    for live in listed.get("items") or []:
        if (not kind.namespaced or live["metadata"].get("namespace") in namespaces) and is_foreign(live):
            yield Foreign(kind, live)
