# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Asks the running system whether the declared checks hold, and writes the report."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.gantry.platform.plugins.module_utils.verify import engine, report
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster
from ansible_collections.gantry.platform.plugins.module_utils.verify.model import CheckError, chosen, parse

ARGUMENTS = {
    "checks": {"type": "list", "elements": "dict", "required": True},
    "environment": {"type": "str", "required": True},
    "kubeconfig": {"type": "path", "required": True},
    "directory": {"type": "path", "required": True},
    "only": {"type": "list", "elements": "str", "default": ["*"]},
    "patience": {"type": "float", "default": 0},
}


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller; reads from the cluster and writes the report only."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fails naming every check that does not hold."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        valid = ArgumentSpecValidator(ARGUMENTS).validate(self._task.args)
        if valid.error_messages:
            raise AnsibleActionFail("; ".join(valid.error_messages))
        options = valid.validated_parameters
        try:
            checks = parse(options["checks"])
        except CheckError as error:
            raise AnsibleActionFail(f"These checks are declared wrongly:\n{error}") from None
        try:
            checks = chosen(checks, options["only"], options["patience"])
        except CheckError as error:
            raise AnsibleActionFail(f"only (verify_only): {error}") from None
        if self._task.check_mode and not Path(options["kubeconfig"]).exists():
            return result | {"skipped": True, "changed": False, "msg": "There is no cluster yet that could be asked"}
        started = time.monotonic()
        results = engine.run(checks, Cluster(Path(options["kubeconfig"])))
        seconds = round(time.monotonic() - started, 3)
        directory = Path(options["directory"])
        if not self._task.check_mode:
            report.write(directory, options["environment"], results)
        page = str(directory / "verify.html")
        bad = [one for one in results if not one.ok]
        message = f"All {len(results)} checks hold"
        if bad:
            lines = "\n".join(f"- {one.title} ({one.id}): {one.evidence}" for one in bad)
            message = f"{len(bad)} of {len(results)} checks fail:\n{lines}\nAll results: {page}"
        listed = [asdict(one) for one in results]
        return result | {
            "changed": False,
            "failed": bool(bad),
            "msg": message,
            "checks": listed,
            "page": page,
            "seconds": seconds,
        }
