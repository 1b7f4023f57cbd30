# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""What action plugins share that only compute: they run where the task and the bundle's programs are."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.plugin_utils.here import plain


class PureAction(ActionBase):  # type: ignore[misc]
    """Runs on the controller, since starting a module would take longer than its work; changes nothing."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    ARGUMENTS: ClassVar[dict[str, Any]]
    """The module's argument spec."""
    FAILURE: ClassVar[type[Exception]]
    """What `compute` raises, with a message for people."""

    def compute(self, given: dict[str, Any]) -> dict[str, Any]:
        """The module's return values, from its valid arguments."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, given = self.validate_argument_spec(self.ARGUMENTS)
        try:
            computed = self.compute(plain(given))
        except self.FAILURE as error:
            raise AnsibleActionFail(str(error)) from error
        return result | {"changed": False, **computed}


class ObjectsAction(PureAction):
    """Renders Kubernetes objects, or fits those of others; applies nothing."""

    def objects(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The objects, from valid arguments."""
        raise NotImplementedError

    def compute(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the module returns: its objects."""
        return {"objects": self.objects(given)}
