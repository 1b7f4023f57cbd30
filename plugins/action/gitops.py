# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Renders where kubectl and the task are, on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.action.k8s_release import plain
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import (
    DeliveryError,
    Environment,
    Patch,
    Source,
    environment_files,
)

ARGUMENTS: dict[str, Any] = {
    "kubectl": {"type": "path", "required": True},
    "directory": {"type": "path", "required": True},
    "environment": {"type": "str", "required": True},
    "stages": {"type": "dict", "required": True},
    "images": {"type": "dict", "default": {}},
    "patches": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"target": {"type": "dict", "required": True}, "patch": {"type": "raw", "required": True}},
    },
    "objects": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller; changes nothing."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, validated = self.validate_argument_spec(ARGUMENTS)
        given = plain(validated)
        environment = Environment(
            given["environment"],
            given["stages"],
            given["images"],
            tuple(Patch(one["target"], one["patch"]) for one in given["patches"]),
        )
        try:
            source = Source(Path(given["directory"]), Path(given["kubectl"]))
            files = environment_files(source, environment)
            objects = source.rendered(files, environment.name) if given["objects"] else []
        except DeliveryError as error:
            raise AnsibleActionFail(str(error)) from error
        return result | {"changed": False, "files": files, "objects": objects}
