# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Renders where helm and the task are, on the controller: starting a module would take longer than rendering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.chart.render import Chart, ChartError, render

ARGUMENTS: dict[str, Any] = {
    "helm": {"type": "path", "required": True},
    "directory": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
    "values": {"type": "dict", "default": {}},
    "kubernetes_version": {"type": "str", "default": ""},
    "api_versions": {"type": "list", "elements": "str", "default": []},
    "crds": {"type": "bool", "default": True},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller; changes nothing."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, wanted = self.validate_argument_spec(ARGUMENTS)
        helm, directory = Path(wanted.pop("helm")), Path(wanted.pop("directory"))
        try:
            objects = render(helm, Chart(directory=directory, **wanted))
        except ChartError as error:
            raise AnsibleActionFail(str(error)) from error
        return result | {"changed": False, "objects": objects}
