# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""One call of ``k8s_release``: valid parameters in, a result for Ansible out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import parent_name
from ansible_collections.gantry.platform.plugins.module_utils.release.arguments import settings
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.drift import drift
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import read
from ansible_collections.gantry.platform.plugins.module_utils.release.release import ReleaseFailedError, absent, present
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Report
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode


def call(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """Run one release; the result says ``failed`` and ``msg`` where it did not come about."""
    result: dict[str, Any] = {
        "changed": False,
        "release": parent_name(parameters["name"], parameters["namespace"]),
        "invocation": {"module_args": _shown(parameters)},
    }
    try:
        wanted = settings(parameters, mode.check)
        client = Client(load(parameters["kubeconfig"], parameters["context"]))
        verb = present if parameters["state"] == "present" else absent
        report = verb(client, wanted, _documents(parameters))
    except ReleaseFailedError as error:
        return {**result, "failed": True, "msg": str(error), **_told(error.report, mode.diff)}
    except ReleaseError as error:
        return {**result, "failed": True, "msg": f"Release {result['release']}: {error}"}
    told = _told(report, mode.diff)
    if wanted.drift:
        told["drift"] = drift(result["release"], report.outcomes.values(), wanted.field_manager)
    return {**result, **told, "warnings": list(client.warnings)}


def _shown(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters without the objects, among which are secrets, and without what is long."""
    return {**parameters, **{key: f"({len(parameters[key])} {key})" for key in ("objects", "manifests", "policies")}}


def _documents(parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((f"objects[{index}]", document) for index, document in enumerate(parameters["objects"]))
    yield from read(parameters["manifests"])


def _told(report: Report, with_diff: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "changed": report.changed,
        "objects": [outcome.told() for outcome in report.outcomes.values()],
        "counts": report.counts,
        "seconds": report.seconds,
    }
    return {**told, "diff": report.diffs()} if with_diff else told
