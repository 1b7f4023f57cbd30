# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What is live: the members of a release and the objects it is about to take in, read before anything is written."""

from __future__ import annotations

from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import Contents, applied
from ansible_collections.gantry.platform.plugins.module_utils.release.client import METADATA_LIST
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref, Stated
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Run
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target

FEW = 3
"""So many objects of a kind and namespace are looked up one by one rather than by a list."""


def read_live(run: Run, stated: list[Stated], held: Contents) -> None:
    """Read the members of the stated and the held kinds, then stated objects that are no members yet.

    One list per kind and namespace; where lists are denied, stated objects are read one by one.

    :raises ReleaseError: A list that pruning needs is denied.
    """
    wanted: dict[Kind, set[str]] = {}
    for one in stated:
        wanted.setdefault(run.kinds[one.api_version, one.kind], set()).add(one.namespace)
    stated_kinds = {kind.group_kind for kind in wanted}
    for kind, namespaces in wanted.items():
        if kind.namespaced:
            namespaces |= held.namespaces
    for group_kind in sorted(held.group_kinds - stated_kinds):
        held_kind = run.catalogue.preferred(group_kind)
        if held_kind:
            wanted[held_kind] = set(held.namespaces) if held_kind.namespaced else {""}
    denied = _denied(run, wanted)
    if denied and held.group_kinds:
        kinds = ", ".join(sorted(kind.plural for kind in denied))
        raise ReleaseError(f"prune: true needs the right to list {kinds}. Grant it, or set prune: false")
    _look_up(run, [one for one in stated if one.ref not in run.live], denied)


def read_all_members(run: Run, kinds: set[Kind], held: Contents) -> None:
    """Read all members of these and the held kinds, and of namespaces and CRDs, which may outlive their parent.

    :raises ReleaseError: A list is denied.
    """
    definitions = {"Namespace", "CustomResourceDefinition.apiextensions.k8s.io"}
    names = sorted(held.group_kinds | {kind.group_kind for kind in kinds} | definitions)
    found = [kind for name in names if (kind := run.catalogue.preferred(name))]
    denied = _denied(run, {kind: {"", *held.namespaces} for kind in found})
    needed = sorted(kind.plural for kind in denied if kind.group_kind not in definitions - held.group_kinds)
    if needed:
        raise ReleaseError(f"state: absent needs the right to list {', '.join(needed)}. Grant it")


def _denied(run: Run, wanted: dict[Kind, set[str]]) -> set[Kind]:
    """List members of each kind; returns the kinds for which that is denied."""
    answers = run.pool.map(lambda item: _list_members(run, *item), wanted.items())
    return {kind for kind, allowed in zip(wanted, answers, strict=True) if not allowed}


def _list_members(run: Run, kind: Kind, namespaces: set[str]) -> bool:
    """List the members of a kind, of several namespaces in one go where that is allowed; returns whether any way is."""
    if not kind.namespaced or "" in namespaces or len(namespaces) > 1:
        if _list_one(run, kind, ""):
            return True
        if not kind.namespaced:
            return False
    named = sorted(namespaces - {""})
    return bool(named) and all(_list_one(run, kind, namespace) for namespace in named)


def _list_one(run: Run, kind: Kind, namespace: str) -> bool:
    try:
        answer = run.client.get(kind.path(namespace), labelSelector=run.selector)
    except ApiError as error:
        if error.status in (403, 404):
            return error.status == 404
        raise
    for live in answer.get("items") or []:
        live["apiVersion"], live["kind"] = kind.api_version, kind.name
        ref = Ref(kind.group, kind.name, live["metadata"].get("namespace") or "", live["metadata"]["name"])
        run.live[ref] = live
        if applied(live):
            run.members[ref] = Target(ref, kind, live)
    return True


def _look_up(run: Run, stated: list[Stated], denied: set[Kind]) -> None:
    """Find stated objects that exist without being members: a list of bare metadata tells which of many do."""
    groups: dict[tuple[Kind, str], list[Stated]] = {}
    for one in stated:
        groups.setdefault((run.kinds[one.api_version, one.kind], one.namespace), []).append(one)

    def existing(group: tuple[tuple[Kind, str], list[Stated]]) -> list[Stated]:
        (kind, namespace), ones = group
        if kind in denied or len(ones) <= FEW:
            return ones
        answer = run.client.find(kind.path(namespace), accept=METADATA_LIST) or {}
        names = {item["metadata"]["name"] for item in answer.get("items") or []}
        return [one for one in ones if one.name in names]

    candidates = [one for found in run.pool.map(existing, groups.items()) for one in found]
    lives = run.pool.map(lambda one: run.client.find(run.path(one)), candidates)
    run.live.update({one.ref: live for one, live in zip(candidates, lives, strict=True) if live})
