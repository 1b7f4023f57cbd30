# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Finds out what each stated object is: its kind, its namespace, its membership."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind, discover
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Stated, duplicates, without_nulls
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Run

KIND_SECONDS = 30.0
"""How long a later wave waits for a kind that a controller makes of an earlier one, as Gatekeeper does."""


def resolve(run: Run, stated: list[Stated]) -> list[Stated]:
    """Find each object's kind; returns those whose kind an earlier wave has yet to bring.

    :raises ReleaseError: All mistakes at once: unknown kinds, missing namespaces, objects that are stated twice.
    """
    for one in stated:
        if one.kind == "CustomResourceDefinition":
            for kind in defined(one.desired):
                run.kinds.setdefault((kind.api_version, kind.name), kind)
    first = min((one.wave for one in stated), default=0)
    later, mistakes = [], []
    for one in stated:
        try:
            if not settle(run, one):
                later.append(one)
                if one.wave == first:
                    raise run.catalogue.unknown(one.api_version, one.kind)
        except ReleaseError as error:
            mistakes.append(f"{one.origin}: {one.ref}: {error}")
    mistakes += duplicates(stated)
    if mistakes:
        listed = "\n".join(f"- {mistake}" for mistake in mistakes)
        raise ReleaseError(f"the objects are not right:\n{listed}")
    return later


def settle(run: Run, one: Stated) -> bool:
    """Make an object ready to be applied; returns whether its kind is known by now."""
    kind = run.catalogue.find(one.api_version, one.kind) or run.kind(one)
    if not kind:
        return False
    run.kinds[one.api_version, one.kind] = kind
    metadata = one.desired["metadata"]
    if not kind.namespaced:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        if not run.settings.namespace:
            raise ReleaseError("it has no namespace. Set metadata.namespace, or the module's namespace")
        metadata["namespace"] = run.settings.namespace
    if kind.has_status:
        one.desired.pop("status", None)
    if kind.builtin:
        one.desired = without_nulls(one.desired)
    labels = one.desired["metadata"].get("labels") or {}
    one.desired["metadata"]["labels"] = {**labels, applyset.MEMBER: run.settings.id}
    return True


def settle_later(run: Run, batch: list[Stated]) -> list[Stated]:
    """Wait for the kinds that an earlier wave brings, but in check mode; returns the objects that now have one."""
    deadline = time.monotonic() + KIND_SECONDS
    while missing := [one for one in batch if not settle(run, one)]:
        if run.settings.check:
            break
        if time.monotonic() > deadline:
            raise run.catalogue.unknown(missing[0].api_version, missing[0].kind)
        time.sleep(0.5)
        run.catalogue = discover(run.client)
    return [one for one in batch if run.kind(one)]


def held(run: Run, stated: Iterable[Stated]) -> applyset.Contents:
    """What the parent is to say of these objects."""
    kinds = {kind.group_kind for one in stated if (kind := run.kind(one))}
    return applyset.Contents(frozenset(kinds), frozenset(one.namespace for one in stated if one.namespace))


def defined(definition: dict[str, Any]) -> Iterator[Kind]:
    """The kinds that a CRD brings."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    for version in spec.get("versions") or []:
        if version.get("served"):
            yield Kind(
                group=str(spec.get("group")),
                version=str(version.get("name")),
                name=str(names.get("kind")),
                plural=str(names.get("plural")),
                namespaced=spec.get("scope") == "Namespaced",
                has_status="status" in (version.get("subresources") or {}),
            )
