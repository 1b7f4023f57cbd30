# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Runs C(gantry.platform.k8s_release) within Ansible's own worker where the task's host is the controller itself.

Packing, sending and starting a module takes several times as long as an unchanged release. The work is the same code
either way; where the host is another one, or the task asks for another user, environment or job, the module runs as any
other.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.release.arguments import ARGUMENTS
from ansible_collections.gantry.platform.plugins.module_utils.release.call import call

FACT = "platform_drift"
"""Where the drift of all releases is collected, for C(gantry.platform.drift)."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """Calls the release here, or sends the module."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the release; returns what the module returns."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if not self._is_here():
            sent: dict[str, Any] = self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
            return result | sent
        validated = ArgumentSpecValidator(ARGUMENTS).validate(plain(self._task.args))
        if validated.unsupported_parameters:
            unknown = ", ".join(sorted(validated.unsupported_parameters))
            raise AnsibleActionFail(f"Unsupported parameters: {unknown}. Supported are: {', '.join(sorted(ARGUMENTS))}")
        if validated.error_messages:
            raise AnsibleActionFail("; ".join(validated.error_messages))
        told = call(validated.validated_parameters, self._task.check_mode, self._task.diff)
        if "drift" in told:
            known = (task_vars or {}).get("ansible_facts", {}).get(FACT, [])
            told["ansible_facts"] = {FACT: [*known, {"release": told["release"], "drift": told["drift"]}]}
        return result | told

    def _is_here(self) -> bool:
        """Whether the module would run on this host, as this user, with this environment, within the task."""
        task = self._task
        return (
            self._connection.transport.rpartition(".")[2] == "local"
            and not self._connection.become
            and not task.async_val
            and not any(task.environment or [])
        )


def plain(value: Any) -> Any:
    """A copy of templated data in Python's own types, as a module would get it."""
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return str(value)
