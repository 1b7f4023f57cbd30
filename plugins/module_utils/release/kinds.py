# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What the API server serves: kinds, their paths, and whether they live in a namespace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True)
class Kind:
    """One served resource."""

    group: str
    version: str
    name: str
    plural: str
    namespaced: bool
    has_status: bool = True

    @property
    def api_version(self) -> str:
        """As written in objects: ``v1``, ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> str:
        """As written in an ApplySet's annotation: ``ConfigMap``, ``Deployment.apps``."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def builtin(self) -> bool:
        """Whether the kind is one of Kubernetes' own, not one of a CRD."""
        return "." not in self.group or self.group.endswith(".k8s.io")

    def path(self, namespace: str = "", name: str = "") -> str:
        """The URL path of an object, or of the collection; without namespace of all namespaces' objects."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        within = f"/namespaces/{quote(namespace)}" if self.namespaced and namespace else ""
        return f"{root}{within}/{self.plural}" + (f"/{quote(name)}" if name else "")


class Catalogue:
    """The kinds that a server serves."""

    def __init__(self, kinds: Iterable[Kind] = (), stale: dict[str, str] | None = None) -> None:
        self._served: dict[tuple[str, str], Kind] = {}
        self._preferred: dict[str, Kind] = {}
        self._stale = stale or {}
        for kind in kinds:
            self._served.setdefault((kind.api_version, kind.name), kind)
            self._preferred.setdefault(kind.group_kind, kind)

    def find(self, api_version: str, name: str) -> Kind | None:
        """The kind of that API version, if it is served."""
        return self._served.get((api_version, name))

    def preferred(self, group_kind: str) -> Kind | None:
        """The kind in the version that the server prefers, if it is served."""
        return self._preferred.get(group_kind)

    def kinds(self) -> list[Kind]:
        """All kinds, each in the version that the server prefers."""
        return list(self._preferred.values())

    def unknown(self, api_version: str, name: str) -> ReleaseError:
        """Say that a kind is not served, and what comes nearest."""
        group = api_version.rpartition("/")[0]
        if group in self._stale:
            return ReleaseError(
                f"kind {name} of {api_version} cannot be looked up: the API server that serves {group} does not answer."
                f" See the status of APIService {self._stale[group]}.{group}"
            )
        elsewhere = sorted({version for version, served in self._served if served == name})
        if elsewhere:
            return ReleaseError(
                f"kind {name} is not served in {api_version}, but in {', '.join(elsewhere)}. Correct its apiVersion"
            )
        from difflib import get_close_matches

        near = get_close_matches(name, {served for _, served in self._served}, 1, 0.6)
        remedy = (
            f"Did you mean {near[0]} ({self._any(near[0])})?"
            if near
            else "Add its CustomResourceDefinition to the release, or apply that before"
        )
        return ReleaseError(f"kind {name} of {api_version} is not known to the API server. {remedy}")

    def _any(self, name: str) -> str:
        return next(version for version, served in self._served if served == name)


def discover(client: Client) -> Catalogue:
    """Ask for all kinds at once by aggregated discovery (Kubernetes 1.30 and later)."""
    stale: dict[str, str] = {}
    kinds: list[Kind] = []
    for root in ("/api", "/apis"):
        answer = client.get(root, accept=AGGREGATED)
        if "items" not in answer:
            raise ReleaseError(
                f"{client.server} does not speak aggregated discovery. It needs Kubernetes 1.30 or later"
            )
        for group in answer["items"]:
            kinds.extend(_of_group(group, stale))
    return Catalogue(kinds, stale)


def _of_group(group: dict[str, Any], stale: dict[str, str]) -> Iterator[Kind]:
    name = (group.get("metadata") or {}).get("name") or ""
    for version in group.get("versions") or []:
        if version.get("freshness") == "Stale":
            stale[name] = version["version"]
        for resource in version.get("resources") or []:
            kind = resource.get("responseKind") or {}
            if kind.get("kind"):
                yield Kind(
                    group=name,
                    version=version["version"],
                    name=kind["kind"],
                    plural=resource["resource"],
                    namespaced=resource.get("scope") == "Namespaced",
                    has_status=any(sub.get("subresource") == "status" for sub in resource.get("subresources") or []),
                )
