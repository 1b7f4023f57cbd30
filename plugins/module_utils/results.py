# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""What modules share whose work their action plugin can do, too: how it is called, and how the module ends with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule


class Mode(NamedTuple):
    """How a task runs."""

    check: bool
    """Nothing is to be changed."""
    diff: bool
    """The differences are to be told."""


Work = Callable[[dict[str, Any], Mode], dict[str, Any]]
"""A module's work: valid parameters in, a result out; ``failed`` with a ``msg`` where it did not come about."""


def run(module: AnsibleModule, call: Work) -> None:
    """Do a module's work and end the module with it."""
    result = call(module.params, Mode(bool(module.check_mode), bool(module._diff)))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**{"changed": False, **result})
