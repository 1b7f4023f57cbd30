# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Compares inventories on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.contract import differences
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import PureAction


class ActionModule(PureAction):
    """Reads files of inventories alone."""

    FAILURE = differences.DifferencesError
    ARGUMENTS: ClassVar[dict[str, Any]] = {"inventories": {"type": "list", "elements": "path", "required": True}}

    def compute(self, given: dict[str, Any]) -> dict[str, Any]:
        """The rows and the table."""
        environments = dict(differences.read(Path(path)) for path in given["inventories"])
        if len(environments) < 2:
            raise differences.DifferencesError(
                f"inventories {given['inventories']} are of fewer than two environments: name at least two"
            )
        rows = differences.differences(environments)
        return {
            "environments": list(environments),
            "differences": [{"name": row.name, "values": list(row.values)} for row in rows],
            "table": differences.table(environments, rows),
        }
