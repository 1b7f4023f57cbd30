# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Deletes members: those that left the release, or all of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import Contents
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, ReleaseError, explain
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import DEFINITIONS, rank
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Outcome
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Run
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target

WITH_DATA = (*DEFINITIONS, "PersistentVolumeClaim")
"""Kinds that are only deleted where the caller says so: what is in them goes with them."""


def delete(run: Run, targets: Iterable[Target], result: str) -> Contents:
    """Delete in the reverse order of applying, custom objects first, while their controllers still run.

    Returns what stays behind, since it holds data.

    :raises ReleaseError: The server refuses, or an object is still there when time is up.
    """
    kept = Contents()
    for _, group in groupby(sorted(targets, key=_order), key=_order):
        batch = []
        for target in group:
            if target.ref.kind in WITH_DATA and not run.settings.delete_data:
                run.report.add(Outcome(target.ref, target.kind.api_version, "kept", target.live, target.live))
                kept |= Contents(frozenset({target.kind.group_kind}), frozenset({target.ref.namespace} - {""}))
            else:
                batch.append(target)
        for target, answer in run.at_once(lambda target: delete_one(run, target), batch):
            if isinstance(answer, ReleaseError):
                reason = explain(answer) if isinstance(answer, ApiError) else str(answer)
                raise ReleaseError(f"{target.ref} cannot be deleted: {reason}")
            run.report.add(Outcome(target.ref, target.kind.api_version, result, target.live, None))
        if run.settings.wait and not run.settings.check:
            run.waiter.gone(batch)
    return kept


def delete_one(run: Run, target: Target) -> None:
    """Delete one object, if it still is the one that was read."""
    body = {
        "kind": "DeleteOptions",
        "apiVersion": "v1",
        "propagationPolicy": "Background",
        "preconditions": {"uid": ((target.live or {}).get("metadata") or {}).get("uid")},
        **({"dryRun": ["All"]} if run.settings.check else {}),
    }
    try:
        run.client.request("DELETE", target.kind.path(target.ref.namespace, target.ref.name), body=body)
    except ApiError as error:
        if error.status != 404:
            raise


def _order(target: Target) -> tuple[int, bool]:
    return -rank(target.ref.kind), target.kind.builtin
