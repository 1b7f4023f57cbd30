# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The parameters of ``k8s_release``: their types, and the settings that they stand for."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.readiness import Condition
from ansible_collections.gantry.platform.plugins.module_utils.release.run import Settings
from ansible_collections.gantry.platform.plugins.module_utils.release.trouble import Patience

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": ""},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "manifests": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "prune": {"type": "bool", "default": False},
    "delete_data": {"type": "bool", "default": False},
    "successor": {"type": "str", "default": ""},
    "predecessor": {"type": "str", "default": ""},
    "drift": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    "wait_conditions": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "kind": {"type": "str", "required": True},
            "type": {"type": "str"},
            "path": {"type": "str"},
            "value": {"type": "str", "default": "True"},
        },
        "required_one_of": [("type", "path")],
        "mutually_exclusive": [("type", "path")],
    },
    "unschedulable_grace": {"type": "int", "default": 8},
    "restarts_tolerated": {"type": "int", "default": 1},
    "force_conflicts": {"type": "bool", "default": False},
    "field_manager": {"type": "str", "default": "k8s_release"},
    "concurrency": {"type": "int", "default": 16},
    "policies": {"type": "list", "elements": "dict", "default": []},
    "gator": {"type": "path"},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
}


def settings(parameters: dict[str, Any], check: bool) -> Settings:
    """The settings that valid parameters stand for.

    :raises ReleaseError: A value is out of its range.
    """
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
    if parameters["policies"] and not parameters["gator"]:
        raise ReleaseError("policies are given without gator. Give the path of the program that judges by them")
    return Settings(
        name=parameters["name"],
        namespace=parameters["namespace"],
        prune=parameters["prune"],
        wait=parameters["wait"],
        wait_timeout=float(parameters["wait_timeout"]),
        force_conflicts=parameters["force_conflicts"] or parameters["drift"],
        drift=parameters["drift"],
        concurrency=parameters["concurrency"],
        field_manager=parameters["field_manager"],
        delete_data=parameters["delete_data"],
        successor=parameters["successor"],
        predecessor=parameters["predecessor"],
        check=check,
        policies=tuple(parameters["policies"]),
        gator=parameters["gator"] or "",
        conditions=tuple(
            Condition(one["kind"], one["type"] or "", one["path"] or "", one["value"])
            for one in parameters["wait_conditions"]
        ),
        patience=Patience(float(parameters["unschedulable_grace"]), parameters["restarts_tolerated"]),
    )
