# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Between Ansible and the release: parameters in, results out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.release.applyset import parent_name
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import read
from ansible_collections.gantry.platform.plugins.module_utils.release.readiness import Condition
from ansible_collections.gantry.platform.plugins.module_utils.release.release import ReleaseFailedError, absent, present
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Report
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Settings
from ansible_collections.gantry.platform.plugins.module_utils.release.trouble import Patience

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class ReleaseModule(AnsibleModule):  # type: ignore[misc]
    """A module that does not write its objects, among them secrets, to the system's log."""

    def log(self, msg: str, log_args: dict[str, str] | None = None) -> None:
        """Log a message; of the invocation only which release it is about."""
        if log_args:
            log_args = {key: log_args[key] for key in ("name", "namespace", "state")}
            msg = "Invoked with " + " ".join(f"{key}={value}" for key, value in log_args.items())
        super().log(msg, log_args)


def run(module: AnsibleModule) -> None:
    """Run one release and end the module."""
    parameters: dict[str, Any] = module.params
    shown = {
        **parameters,
        "objects": f"({len(parameters['objects'])} objects)",
        "manifests": f"({len(parameters['manifests'])} manifests)",
    }
    facts: dict[str, Any] = {
        "release": parent_name(parameters["name"], parameters["namespace"]),
        "invocation": {"module_args": shown},
    }
    try:
        settings = _settings(parameters, bool(module.check_mode))
        client = Client(load(parameters["kubeconfig"], parameters["context"]))
        verb = present if parameters["state"] == "present" else absent
        report = verb(client, settings, _documents(parameters))
    except ReleaseFailedError as error:
        module.fail_json(msg=str(error), changed=error.report.changed, **facts, **_told(error.report, module._diff))
    except ReleaseError as error:
        module.fail_json(msg=f"Release {facts['release']}: {error}", **facts)
    for warning in client.warnings:
        module.warn(warning)
    module.exit_json(changed=report.changed, **facts, **_told(report, module._diff))


def _settings(parameters: dict[str, Any], check: bool) -> Settings:
    for key in ("name", "namespace"):
        if not LABEL.fullmatch(parameters[key]) and (key == "name" or parameters[key]):
            raise ReleaseError(f"{key} is {parameters[key]!r}: use at most 63 lower-case letters, digits and dashes")
    for key in ("concurrency", "wait_timeout"):
        if parameters[key] < 1:
            raise ReleaseError(f"{key} is {parameters[key]}: use at least 1")
    if (
        parameters["state"] == "present"
        and not parameters["objects"]
        and not parameters["manifests"]
        and not parameters["prune"]
    ):
        raise ReleaseError(
            "neither objects nor manifests are given. Give some; to remove the release use state: absent"
        )
    return Settings(
        name=parameters["name"],
        namespace=parameters["namespace"],
        prune=parameters["prune"],
        wait=parameters["wait"],
        wait_timeout=float(parameters["wait_timeout"]),
        force_conflicts=parameters["force_conflicts"],
        concurrency=parameters["concurrency"],
        field_manager=parameters["field_manager"],
        delete_data=parameters["delete_data"],
        check=check,
        conditions=tuple(
            Condition(one["kind"], one["type"] or "", one["path"] or "", one["value"])
            for one in parameters["wait_conditions"]
        ),
        patience=Patience(float(parameters["unschedulable_grace"]), parameters["restarts_tolerated"]),
    )


def _documents(parameters: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((f"objects[{index}]", document) for index, document in enumerate(parameters["objects"]))
    yield from read(parameters["manifests"])


def _told(report: Report, with_diff: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "objects": [outcome.told() for outcome in report.outcomes.values()],
        "counts": report.counts,
        "seconds": report.seconds,
    }
    return {**told, "diff": report.diffs()} if with_diff else told
