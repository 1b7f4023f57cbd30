# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Hands objects over: members that are let go stay as they are, and others are taken over from who had applied them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import MEMBER, Contents
from ansible_collections.gantry.platform.plugins.module_utils.release.client import MERGE
from ansible_collections.gantry.platform.plugins.module_utils.release.drift import (
    added_by_hand,
    by_hand,
    stated_by_hand,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, ReleaseError, explain
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Outcome
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Run
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target


def release(run: Run, targets: Iterable[Target]) -> Contents:
    """Take the membership off these objects; their fields are the successor's. Returns what stays a member: nothing.

    :raises ReleaseError: The server refuses.
    """
    for target, answer in run.at_once(lambda target: _release_one(run, target), list(targets)):
        if isinstance(answer, ReleaseError):
            reason = explain(answer) if isinstance(answer, ApiError) else str(answer)
            raise ReleaseError(f"{target.ref} cannot be released: {reason}")
        run.report.add(Outcome(target.ref, target.kind.api_version, "released", target.live, answer))
    return Contents()


def handed_over(live: dict[str, Any], manager: str, successor: str) -> dict[str, Any]:
    """The merge patch that lets go of a live object, if it still is the one that was read.

    The successor owns what ``manager`` had applied, so that what it leaves out later goes. Where it has applied the
    object already, its own word counts.
    """
    metadata = live["metadata"]
    entries = metadata.get("managedFields") or []
    there = any(_applied_by(entry, successor) for entry in entries)
    ours = [] if there else [_without_label(entry, successor) for entry in entries if _applied_by(entry, manager)]
    fields = [entry for entry in entries if not _applied_by(entry, manager)] + ours
    return {"metadata": {"uid": metadata["uid"], "labels": {MEMBER: None}, "managedFields": fields}}


def taken_over(live: dict[str, Any], manager: str, predecessor: str) -> dict[str, Any]:
    """The merge patch that makes ``manager`` the owner of what ``predecessor`` had applied to a live object.

    Applied after it, what is not stated goes, and nothing conflicts. Empty where the predecessor has applied nothing.
    """
    metadata = live.get("metadata") or {}
    entries = metadata.get("managedFields") or []
    if not predecessor or not any(_applied_by(entry, predecessor) for entry in entries):
        return {}
    fields = [entry for entry in entries if not (_applied_by(entry, predecessor) or _applied_by(entry, manager))]
    owned: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if _applied_by(entry, predecessor) or _applied_by(entry, manager):
            version = str(entry.get("apiVersion"))
            before = (owned.get(version) or {}).get("fieldsV1") or {}
            owned[version] = {**entry, "manager": manager, "fieldsV1": _union(before, entry.get("fieldsV1") or {})}
    return {"metadata": {"uid": metadata["uid"], "managedFields": [*fields, *owned.values()]}}


def taken_back(live: dict[str, Any], manager: str) -> dict[str, Any]:
    """The merge patch that makes ``manager`` the owner of what people have written to a live object beside it.

    Applied after it, what is not stated goes. Empty where nobody has.
    """
    metadata = live.get("metadata") or {}
    entries = metadata.get("managedFields") or []
    ours = next((entry for entry in entries if _applied_by(entry, manager)), None)
    if not ours or not any(added_by_hand(live, manager)):
        return {}
    kept, fields = [], ours.get("fieldsV1") or {}
    for entry in entries:
        if by_hand(entry) and entry.get("apiVersion") == ours.get("apiVersion"):
            fields = _union(fields, stated_by_hand(entry))
        elif entry is not ours:
            kept.append(entry)
    return {"metadata": {"uid": metadata["uid"], "managedFields": [*kept, {**ours, "fieldsV1": fields}]}}


def _union(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """All fields of two sets of fields, which are nested mappings."""
    both = {key: _union(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **both}


def _applied_by(entry: dict[str, Any], manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _without_label(entry: dict[str, Any], successor: str) -> dict[str, Any]:
    fields = deepcopy(entry.get("fieldsV1") or {})
    ((fields.get("f:metadata") or {}).get("f:labels") or {}).pop(f"f:{MEMBER}", None)
    return {**entry, "manager": successor, "fieldsV1": fields}


def _release_one(run: Run, target: Target) -> dict[str, Any]:
    path = target.kind.path(target.ref.namespace, target.ref.name)
    query = {"fieldManager": run.settings.field_manager, **({"dryRun": "All"} if run.settings.check else {})}
    change = handed_over(target.live or {}, run.settings.field_manager, run.settings.successor)
    return run.client.request("PATCH", path, query, change, MERGE)[1]
