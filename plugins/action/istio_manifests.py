# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Renders where istioctl and the task are, on the controller: starting a module would take longer than rendering."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.istio.render import IstioError, render

ARGUMENTS: dict[str, Any] = {
    "istioctl": {"type": "path", "required": True},
    "spec": {"type": "dict", "required": True},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller; changes nothing."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(ARGUMENTS)
        try:
            objects = render(Path(arguments["istioctl"]), arguments["spec"])
        except IstioError as error:
            raise AnsibleActionFail(str(error)) from error
        return result | {"changed": False, "objects": objects}
