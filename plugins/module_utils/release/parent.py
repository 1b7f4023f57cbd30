# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Reads and writes the parent of a release, and brings its CRD to a cluster that does not know it."""

from __future__ import annotations

from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.applier import patch
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Outcome
from ansible_collections.gantry.platform.plugins.module_utils.release.run import VERSION, Run
from ansible_collections.gantry.platform.plugins.module_utils.release.unchanged import is_unchanged
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target, Waiter

DEFINITION = Kind(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)


class Parent:
    """The cluster's record of the release, as it is live."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._served = run.catalogue.find(applyset.PARENT.api_version, applyset.PARENT.name) is not None
        self._path = applyset.PARENT.path(name=run.settings.parent)
        self._live: dict[str, Any] | None = run.client.find(self._path) if self._served else None
        self._ref = Ref(applyset.PARENT.group, applyset.PARENT.name, "", run.settings.parent)

    @property
    def held(self) -> applyset.Contents:
        """What it says of the release's members."""
        return applyset.contents(self._live)

    @property
    def target(self) -> Target | None:
        """The parent as something to delete, None where there is none."""
        return Target(self._ref, applyset.PARENT, self._live) if self._live else None

    def write(self, held: applyset.Contents) -> None:
        """Write the parent if it does not say this already; reported as one change, however often it is written."""
        settings, before = self._run.settings, self._live
        after = applyset.parent(settings.name, settings.namespace, held, VERSION)
        if before and is_unchanged(after, before, settings.field_manager, builtin=False):
            return
        if not settings.check:
            query = {"fieldManager": settings.field_manager, "force": "true"}
            new = not self._served
            if new:
                self._define(query)
            after = self._live = patch(self._run.client, self._path, query, after, new)[1]
        if self._ref not in self._run.report.outcomes:
            result = "configured" if before else "created"
            self._run.report.add(Outcome(self._ref, applyset.PARENT.api_version, result, before, after))

    def _define(self, query: dict[str, str]) -> None:
        run, name = self._run, applyset.PARENT_CRD["metadata"]["name"]
        _, live = run.client.request("PATCH", DEFINITION.path(name=name), query, applyset.PARENT_CRD, APPLY)
        target = Target(Ref(DEFINITION.group, DEFINITION.name, "", name), DEFINITION, live)
        Waiter(run.client, run.settings.wait_timeout, f"{applyset.IS_PARENT}=true").ready([target])
        self._served = True
