# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Renders where kubectl and the task are, on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import (
    DeliveryError,
    Environment,
    Patch,
    Source,
    environment_files,
)
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import PureAction


class ActionModule(PureAction):
    """Calls kubectl for its kustomize."""

    FAILURE = DeliveryError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
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

    def compute(self, given: dict[str, Any]) -> dict[str, Any]:
        """The files that the environment adds, and the objects."""
        environment = Environment(
            given["environment"],
            given["stages"],
            given["images"],
            tuple(Patch(one["target"], one["patch"]) for one in given["patches"]),
        )
        source = Source(Path(given["directory"]), Path(given["kubectl"]))
        files = environment_files(source, environment)
        return {"files": files, "objects": source.rendered(files, environment.name) if given["objects"] else []}
