# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Renders where istioctl and the task are, on the controller: starting a module would take longer than rendering."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.istio.render import IstioError, render
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import ObjectsAction


class ActionModule(ObjectsAction):
    """Calls istioctl."""

    FAILURE = IstioError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "istioctl": {"type": "path", "required": True},
        "spec": {"type": "dict", "required": True},
    }

    def objects(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The objects."""
        return render(Path(given["istioctl"]), given["spec"])
