# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Fits the policies of a directory to an environment, on the controller."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.policy import library
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import PureAction


class ActionModule(PureAction):
    """Reads policies; applies none."""

    FAILURE = library.PolicyError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "directory": {"type": "path", "required": True},
        "enforcement": {"type": "str", "choices": list(library.ACTIONS), "default": "deny"},
        "overrides": {"type": "dict", "default": {}},
        "exceptions": {"type": "list", "elements": "dict", "default": []},
        "parameters": {"type": "dict", "default": {}},
        "images": {"type": "dict", "default": {}},
        "namespaces": {"type": "list", "elements": "str", "default": []},
        "unserved_groups": {"type": "list", "elements": "str", "default": []},
    }

    def compute(self, given: dict[str, Any]) -> dict[str, Any]:
        """Templates and constraints, the policies' names, and the kinds that they look at."""
        try:
            policies = library.read(Path(given["directory"]))
            wishes = library.Wishes(
                enforcement=given["enforcement"],
                overrides=given["overrides"],
                exceptions=library.exceptions(given["exceptions"], policies.constraints, datetime.date.today()),
                parameters=given["parameters"],
                images=library.pinned(given["images"]),
                namespaces=tuple(given["namespaces"]),
                unserved=tuple(given["unserved_groups"]),
            )
            objects = library.fit(policies, wishes)
        except library.PolicyError as error:
            raise library.PolicyError(f"The policies of {given['directory']} cannot be fitted:\n{error}") from error
        rules = library.judged_kinds(policies, given["unserved_groups"])
        return {"objects": objects, "names": sorted(policies.constraints), "rules": rules}
