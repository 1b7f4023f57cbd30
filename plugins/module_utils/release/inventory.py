# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What is live: the members of a release and the objects it is about to take in, read before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import Contents, applied
from ansible_collections.gantry.platform.plugins.module_utils.release.client import METADATA_LIST, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Catalogue, Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import DEFINITIONS, Ref, Stated
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target

FEW = 3
"""So many objects of a kind and namespace are looked up one by one rather than by a list."""

Object = dict[str, Any]


class Inventory:
    """Live objects by reference: ``live`` all that were read, ``members`` those that were applied as part of the release."""

    def __init__(self, client: Client, pool: ThreadPoolExecutor, catalogue: Catalogue, selector: str) -> None:
        self._client = client
        self._pool = pool
        self._catalogue = catalogue
        self._selector = selector
        self.live: dict[Ref, Object] = {}
        self.members: dict[Ref, Target] = {}

    def read(self, stated: list[Stated], kinds: dict[tuple[str, str], Kind], held: Contents) -> None:
        """Read the release's members of the stated kinds and of those that the parent holds, then stated objects that are no members yet.

        One list per kind and namespace; where lists are denied, stated objects are read one by one.
        """
        wanted: dict[Kind, set[str]] = {}
        for one in stated:
            kind = kinds[one.api_version, one.kind]
            if self._catalogue.find(kind.api_version, kind.name):
                wanted.setdefault(kind, set()).add(one.namespace)
        stated_kinds = {kind.group_kind for kind in wanted}
        for kind in wanted:
            if kind.namespaced:
                wanted[kind] |= held.namespaces
        for group_kind in held.group_kinds - stated_kinds:
            held_kind = self._catalogue.preferred(group_kind)
            if held_kind:
                wanted[held_kind] = set(held.namespaces) if held_kind.namespaced else {""}
        denied = {
            kind
            for kind, allowed in zip(
                wanted, self._pool.map(lambda item: self._list(*item), wanted.items()), strict=True
            )
            if not allowed
        }
        self._look_up([one for one in stated if one.ref not in self.live], kinds, denied, set(wanted))

    def read_all(self, kinds: set[Kind], held: Contents) -> None:
        """Read all members of these kinds, of those that the parent holds, and of namespaces and CRDs, which may outlive their parent."""
        names = (
            held.group_kinds
            | {kind.group_kind for kind in kinds}
            | {"Namespace", "CustomResourceDefinition.apiextensions.k8s.io"}
        )
        found = [kind for name in sorted(names) if (kind := self._catalogue.preferred(name))]
        for kind, allowed in zip(found, self._pool.map(lambda kind: self._list(kind, {""}), found), strict=True):
            if not allowed and kind.name not in DEFINITIONS:
                for namespace in held.namespaces:
                    self._list(kind, {namespace})

    def _list(self, kind: Kind, namespaces: set[str]) -> bool:
        """List the members of a kind; of several namespaces in one go, where that is allowed. Returns whether any list is."""
        if not kind.namespaced:
            return self._list_one(kind, "")
        if len(namespaces) > 1 and self._list_one(kind, ""):
            return True
        return all(self._list_one(kind, namespace) for namespace in sorted(namespaces))

    def _list_one(self, kind: Kind, namespace: str) -> bool:
        try:
            answer = self._client.get(kind.path(namespace), labelSelector=self._selector)
        except ApiError as error:
            if error.status == 403:
                return False
            if error.status == 404:
                return True
            raise
        for live in answer.get("items") or []:
            live["apiVersion"], live["kind"] = kind.api_version, kind.name
            ref = Ref(kind.group, kind.name, live["metadata"].get("namespace") or "", live["metadata"]["name"])
            self.live[ref] = live
            if applied(live):
                self.members[ref] = Target(ref, kind, live)
        return True

    def _look_up(
        self, stated: list[Stated], kinds: dict[tuple[str, str], Kind], denied: set[Kind], served: set[Kind]
    ) -> None:
        """Find stated objects that exist without being members: a list of bare metadata tells which of many do."""
        groups: dict[tuple[Kind, str], list[Stated]] = {}
        for one in stated:
            kind = kinds[one.api_version, one.kind]
            if kind in served:
                groups.setdefault((kind, one.namespace), []).append(one)

        def exist(group: tuple[tuple[Kind, str], list[Stated]]) -> Iterable[Stated]:
            (kind, namespace), ones = group
            return ones if kind in denied or len(ones) <= FEW else self._existing(kind, namespace, ones)

        existing = self._pool.map(exist, groups.items())
        candidates = [(kind, one) for (kind, _), found in zip(groups, existing, strict=True) for one in found]
        lives = self._pool.map(
            lambda pair: self._client.find(pair[0].path(pair[1].namespace, pair[1].name)), candidates
        )
        for (_, one), live in zip(candidates, lives, strict=True):
            if live:
                self.live[one.ref] = live

    def _existing(self, kind: Kind, namespace: str, stated: list[Stated]) -> Iterable[Stated]:
        answer = self._client.get(kind.path(namespace), accept=METADATA_LIST)
        names = {item["metadata"]["name"] for item in answer.get("items") or []}
        return [one for one in stated if one.name in names]
