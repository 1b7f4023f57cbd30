# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Collects the checks that roles declare; C(gantry.platform.verify) asks them."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.verify.model import CheckError, parse

FACT = "platform_checks"


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller; touches nothing."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _VALID_ARGS = frozenset(("checks",))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validates the new checks and appends them to the fact."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            new = parse(self._task.args.get("checks"))
        except CheckError as error:
            raise AnsibleActionFail(f"These checks are declared wrongly:\n{error}") from None
        known = (task_vars or {}).get("ansible_facts", {}).get(FACT, [])
        declared = [check.model_dump(exclude_unset=True) for check in new]
        return result | {"changed": False, "ansible_facts": {FACT: [*known, *declared]}}
