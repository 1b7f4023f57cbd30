# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Renders where helm and the task are, on the controller: starting a module would take longer than rendering."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.chart.render import Chart, ChartError, render
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import ObjectsAction


class ActionModule(ObjectsAction):
    """Calls helm."""

    FAILURE = ChartError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "helm": {"type": "path", "required": True},
        "directory": {"type": "path", "required": True},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "default"},
        "values": {"type": "dict", "default": {}},
        "kubernetes_version": {"type": "str", "default": ""},
        "api_versions": {"type": "list", "elements": "str", "default": []},
        "crds": {"type": "bool", "default": True},
    }

    def objects(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The objects."""
        helm, directory = Path(given.pop("helm")), Path(given.pop("directory"))
        return render(helm, Chart(directory=directory, **given))
