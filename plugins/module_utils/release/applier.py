# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Applies objects by server-side apply, many at once; in check mode as the server's dry run."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, MERGE, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import (
    ApiError,
    ReleaseError,
    UnreachableError,
    explain,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref, Stated
from ansible_collections.gantry.platform.plugins.module_utils.release.releaser import taken_back, taken_over
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Outcome, content, ownership
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Run
from ansible_collections.gantry.platform.plugins.module_utils.release.unchanged import is_unchanged

SERVED_SECONDS = 5.0
"""How long the path of an established CRD may take to be served."""
TOLD = 10
"""Refusals told one by one."""


def changed_ones(run: Run, batch: list[Stated]) -> list[Stated]:
    """Report the objects that are unchanged, without a request; returns the others."""
    others = []
    for one in batch:
        live, kind = run.live.get(one.ref), run.kind(one)
        settings = run.settings
        if (
            live
            and kind
            and is_unchanged(one.desired, live, settings.field_manager, kind.builtin)
            and not taken(run, live)
        ):
            run.report.add(Outcome(one.ref, one.api_version, "unchanged", live, live))
        else:
            others.append(one)
    return others


def apply(run: Run, batch: list[Stated]) -> None:
    """Apply a batch in parallel. All that can be applied is; then all refusals are told.

    :raises ReleaseError: Some objects were refused, or the server is gone.
    """
    refusals: list[str] = []
    gone: UnreachableError | None = None
    for one, answer in run.at_once(lambda one: _apply_one(run, one), batch):
        if isinstance(answer, Outcome):
            run.report.add(answer)
            if answer.after:
                run.live[one.ref] = answer.after
            continue
        message = _without_secrets(explain(answer) if isinstance(answer, ApiError) else str(answer), one)
        run.report.add(Outcome(one.ref, one.api_version, "failed", error=message))
        if isinstance(answer, UnreachableError):
            gone = answer
        else:
            refusals.append(f"- {one.ref}: {message}")
    if gone:
        raise gone
    if refusals:
        more = [f"- and {len(refusals) - TOLD} more"] if len(refusals) > TOLD else []
        raise ReleaseError("\n".join(["these objects are refused:", *refusals[:TOLD], *more]))


def patch(client: Client, path: str, query: dict[str, str], desired: dict[str, Any], new: bool) -> tuple[int, Any]:
    """Apply one object; of a ``new`` kind the path may take a moment to be served."""
    deadline = time.monotonic() + (SERVED_SECONDS if new else 0.0)
    while True:
        try:
            return client.request("PATCH", path, query, desired, APPLY)
        except ApiError as error:
            unserved = error.status == 404 and "could not find the requested resource" in str(error)
            if not unserved or time.monotonic() >= deadline:
                raise
            time.sleep(0.1)


def _apply_one(run: Run, one: Stated) -> Outcome:
    settings, before, kind = run.settings, run.live.get(one.ref), run.kind(one)
    if not kind:  # only in check mode: an earlier wave would bring it
        return Outcome(one.ref, one.api_version, "created", None, one.desired)
    if before:
        other = applyset.member_of(before)
        if other not in ("", settings.id) and not settings.force_conflicts:
            raise ReleaseError(
                f"it belongs to another release ({other}). Remove it there first, or set force_conflicts: true"
            )
        if before["metadata"].get("deletionTimestamp") and not settings.check:
            run.waiter.gone([run.target(one)])
            run.forget(one.ref)
            before = None
    change = taken(run, before or {})
    if change and not settings.check:
        run.client.request("PATCH", run.path(one), {"fieldManager": settings.field_manager}, change, MERGE)
    query = {
        "fieldManager": settings.field_manager,
        "fieldValidation": "Strict",
        # A dry run cannot take anything over first, so it is not held up by what would then be ours.
        "force": str(settings.force_conflicts or bool(change and settings.check)).lower(),
        **({"dryRun": "All"} if settings.check else {}),
    }
    new = not run.catalogue.find(one.api_version, one.kind) and not settings.check
    try:
        status, after = patch(run.client, run.path(one), query, one.desired, new)
    except ApiError as error:
        if settings.check and error.status == 404 and _comes_first(run, one):
            return Outcome(one.ref, one.api_version, "created", None, one.desired)
        raise
    if status == 201:
        return Outcome(one.ref, one.api_version, "created", None, after)
    if before is None:  # made by somebody since the lists
        return Outcome(one.ref, one.api_version, "configured", None, after)
    same = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion") and not settings.check
    same = same or (content(before) == content(after) and ownership(before) == ownership(after))
    return Outcome(one.ref, one.api_version, "unchanged" if same else "configured", before, after)


def taken(run: Run, live: dict[str, Any]) -> dict[str, Any]:
    """The patch that takes fields over first: from the predecessor, or where drift is mended from people."""
    settings = run.settings
    change = taken_over(live, settings.field_manager, settings.predecessor)
    return change or (taken_back(live, settings.field_manager) if settings.drift else {})


def _comes_first(run: Run, one: Stated) -> bool:
    """Whether a dry run's 404 is only due to a namespace or a CRD that the release would have made before."""
    return Ref("", "Namespace", "", one.namespace) in run.report.created or not run.catalogue.find(
        one.api_version, one.kind
    )


def _without_secrets(message: str, one: Stated) -> str:
    """The server's words on a secret may repeat its values."""
    if one.ref.group or one.kind != "Secret":
        return message
    for value in sorted(map(str, (one.desired.get("data") or {}).values()), key=len, reverse=True):
        message = message.replace(value, "(secret)") if value else message
    return message
