# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Fits the manifests of metrics-server and the vertical pod autoscaler to the platform, on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.autoscaling import manifests
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import ObjectsAction


class ActionModule(ObjectsAction):
    """Reads the manifests; applies nothing."""

    FAILURE = manifests.AutoscalingError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "directories": {"type": "list", "elements": "path", "required": True},
        "namespace": {"type": "str", "required": True},
        "secret": {"type": "str", "required": True, "no_log": False},
        "ca": {"type": "str", "required": True},
        "components": {"type": "dict", "required": True},
    }

    def objects(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The fitted objects."""
        components = manifests.components(given["components"])
        settings = manifests.Settings(given["namespace"], given["secret"], given["ca"], components)
        return manifests.fit(manifests.read(map(Path, given["directories"])), settings)
