# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""What modules share whose work their action plugin can do, too: how it is called, and how the module ends with it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
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


FULL = 16 * 1024**2
"""Bytes below which a disk is named as the one that is full."""


def work(call: Work, parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """A module's result; a disk that is full is told as what it is, for nobody looks for it behind a traceback."""
    try:
        return call(parameters, mode)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return {"failed": True, "msg": _full(error, parameters)}


def _full(error: OSError, parameters: dict[str, Any]) -> str:
    """What to do about a full disk: which one it is, as far as the error or the parameters' paths tell."""
    given = [Path(value) for value in parameters.values() if isinstance(value, str) and value.startswith("/")]
    known = [Path(error.filename)] if error.filename else [*given, Path("/var/lib"), Path("/tmp")]  # noqa: S108 (asked, not used)
    there = {next(path for path in (one, *one.parents) if path.exists()) for one in known}
    full = sorted(str(one) for one in there if error.filename or shutil.disk_usage(one).free < FULL)
    where = ", ".join(full) or "a disk"
    said = os.strerror(error.errno or errno.ENOSPC)
    return f"{where}: {said}. Free some and run again: what is whole stays, the rest is made anew"


def run(module: AnsibleModule, call: Work) -> None:
    """Do a module's work and end the module with it."""
    result = work(call, module.params, Mode(bool(module.check_mode), bool(module._diff)))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**{"changed": False, **result})
