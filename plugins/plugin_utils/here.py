# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""What action plugins share that do the work of their module within Ansible's own worker, where that is the host."""

from __future__ import annotations

import datetime
import gc
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, work


class HereBase(ActionBase):  # type: ignore[misc]
    """Does a module's work here where the task's host is the controller itself.

    Packing, sending and starting a module takes several times as long as finding that nothing is to be done. The work
    is the same code either way; where the host is another one, or the task asks for another user, environment or job,
    the module runs as any other.
    """

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    MODULE: ClassVar[ModuleType]
    """The module: `SPEC`, its argument spec and what else `AnsibleModule` and `ArgumentSpecValidator` both take, and
    `call`, its work."""
    LOOKS: ClassVar[bool] = False
    """Whether it only looks here, as in check mode, and leaves to the module what is to be done: it starts processes
    that outlive the task."""

    def do(self, given: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """The module's result for these parameters."""
        if self._is_here():
            done = self._work(given)
            if self._task.check_mode or not self.LOOKS or not (done["changed"] or done.get("failed")):
                return done
        name = self.MODULE.__name__.rpartition(".")[2]
        sent: dict[str, Any] = self._execute_module(
            f"gantry.platform.{name}", given, task_vars=task_vars, wrap_async=self._task.async_val
        )
        return sent

    def _is_here(self) -> bool:
        """Whether the module would run on this host, as this user, with this environment, within the task."""
        task = self._task
        return (
            self._connection.transport.rpartition(".")[2] == "local"
            and not self._connection.become
            and not task.async_val
            and not any(task.environment or [])
            and not getattr(self.MODULE, "MISSING_LIBRARY", "")  # the module says so
        )

    def _work(self, given: dict[str, Any]) -> dict[str, Any]:
        gc.freeze()  # else a collection may look through all that the worker inherited from Ansible
        spec = self.MODULE.SPEC
        valid = ArgumentSpecValidator(**spec).validate(plain(given))
        if valid.unsupported_parameters:
            unknown = ", ".join(sorted(valid.unsupported_parameters))
            known = ", ".join(sorted(spec["argument_spec"]))
            raise AnsibleActionFail(f"Unsupported parameters: {unknown}. Supported are: {known}")
        secrets = valid._no_log_values
        if valid.error_messages:
            raise AnsibleActionFail(remove_values("; ".join(valid.error_messages), secrets))
        mode = Mode(self._task.check_mode or self.LOOKS, self._task.diff)
        done: dict[str, Any] = {"changed": False} | work(self.MODULE.call, valid.validated_parameters, mode)
        return remove_values(done, secrets) if secrets else done


class HereAction(HereBase):
    """Has nothing to do but the module's work."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do the work; returns what the module returns. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result | self.do(self._task.args, task_vars)


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
