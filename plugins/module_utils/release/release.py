# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Applies and removes releases: the order of steps, each of which is a file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release import plan
from ansible_collections.gantry.platform.plugins.module_utils.release.applier import apply, changed_ones
from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import Contents
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, ReleaseError, explain
from ansible_collections.gantry.platform.plugins.module_utils.release.inventory import read_all_members, read_live
from ansible_collections.gantry.platform.plugins.module_utils.release.judging import judge
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import discover
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import (
    DEFINITIONS,
    WEBHOOKS,
    Ref,
    Stated,
    prepare,
    rank,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.parent import Parent
from ansible_collections.gantry.platform.plugins.module_utils.release.releaser import release
from ansible_collections.gantry.platform.plugins.module_utils.release.remover import delete
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Report
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Run, Settings


class ReleaseFailedError(ReleaseError):
    """The release did not come about; ``report`` tells how far it came."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


def present(client: Client, settings: Settings, documents: Iterable[tuple[str, Any]]) -> Report:
    """Apply the objects, wait until they are ready, and prune what left the release.

    :raises ReleaseFailedError: With the report of what was done.
    """
    stated: list[Stated] = []
    with _running(client, settings, stated) as run:
        with run.report.phase("discover"):
            stated.extend(prepare(documents))
            run.catalogue = discover(client)
            later = plan.resolve(run, stated)
        with run.report.phase("list"):
            parent = Parent(run)
            held = parent.held
            read_live(run, [one for one in stated if one not in later], held if settings.prune else Contents())
        _apply_in_waves(run, stated, later, parent)
        with run.report.phase("wait"):
            _wait(run, stated, settings.wait)
        if settings.prune:
            with run.report.phase("prune"):
                refs = {one.ref for one in stated}
                leaving = [target for ref, target in run.members.items() if ref not in refs]
                held = release(run, leaving) if settings.successor else delete(run, leaving, "pruned")
        parent.write(plan.held(run, stated) | held)
        return run.report


def absent(client: Client, settings: Settings, documents: Iterable[tuple[str, Any]] = ()) -> Report:
    """Delete all members, last applied first, and the parent; what holds data only where told so.

    :raises ReleaseFailedError: With the report of what was done.
    """
    with _running(client, settings, []) as run:
        with run.report.phase("discover"):
            named = {(one.api_version, one.kind) for one in prepare(documents)}
            run.catalogue = discover(client)
        with run.report.phase("list"):
            parent = Parent(run)
            read_all_members(run, {kind for key in named if (kind := run.catalogue.find(*key))}, parent.held)
        with run.report.phase("delete"):
            if settings.successor:
                release(run, run.members.values())
            else:
                delete(run, run.members.values(), "deleted")
            delete(run, [parent.target] if parent.target else [], "deleted")
        return run.report


def _apply_in_waves(run: Run, stated: list[Stated], later: list[Stated], parent: Parent) -> None:
    """Apply wave by wave; each begins when what it stands on is there."""
    wave, recorded = min((one.wave for one in stated), default=0), False
    for (number, order), members in groupby(sorted(stated, key=lambda one: one.rank), key=lambda one: one.rank):
        batch = list(members)
        with run.report.phase("wait"):
            if number > wave:
                wave = number
                _wait(run, [one for one in stated if one.wave < number])
            known = plan.settle_later(run, [one for one in batch if one in later])
        with run.report.phase("list"):
            read_live(run, known, Contents())
        with run.report.phase("apply"):
            todo = changed_ones(run, batch)
            if todo and not recorded:  # before the first write, so that an interrupted run loses no object
                judge(run, stated)
                parent.write(parent.held | plan.held(run, stated))
                recorded = True
        if order == rank(WEBHOOKS[0]) and not run.settings.check:
            with run.report.phase("wait"):
                run.waiter.serving(sorted({service for one in todo for service in _served_by(one.desired)}))
        with run.report.phase("apply"):
            apply(run, todo)
        if order == rank(DEFINITIONS[0]):
            with run.report.phase("wait"):
                _wait(run, todo)


def _wait(run: Run, stated: Iterable[Stated], wanted: bool = True) -> None:
    if wanted and not run.settings.check:
        run.waiter.ready(run.target(one) for one in stated)


def _served_by(configuration: dict[str, Any]) -> Iterator[Ref]:
    """The services that answer a webhook configuration's calls."""
    for webhook in configuration.get("webhooks") or []:
        service = (webhook.get("clientConfig") or {}).get("service")
        if service:
            yield Ref("", "Service", str(service.get("namespace")), str(service.get("name")))


@contextmanager
def _running(client: Client, settings: Settings, stated: list[Stated]) -> Iterator[Run]:
    """A run whose errors carry its report, and tell how far it came."""
    report = Report()
    try:
        with ThreadPoolExecutor(settings.concurrency) as pool:
            yield Run(client, settings, pool, report)
    except ReleaseError as error:
        text = f"{error.request}: {explain(error)}" if isinstance(error, ApiError) else str(error)
        progress = report.progress([one.ref for one in stated])
        raise ReleaseFailedError(f"Release {settings.parent}: {text}{progress}", report) from error
    finally:
        client.close()
