# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Asks a server what preflight must know of it, by its shell: it may lack Python."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.contract.servers import script


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs one script there, which only reads."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset(("registry",))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        asked = int(time.time())
        done = self._low_level_execute_command(script(str(self._task.args.get("registry") or "")))
        if done["rc"]:
            said = str(done.get("stderr") or done.get("stdout") or done.get("msg") or f"it ended with {done['rc']}")
            return result | {"failed": True, "changed": False, "msg": said.strip()}
        return result | {"changed": False, "answer": str(done["stdout"]), "asked": asked}
