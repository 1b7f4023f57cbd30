# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Fits Gatekeeper's own manifest to the platform, on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.policy import gatekeeper
from ansible_collections.gantry.platform.plugins.module_utils.policy.library import PolicyError
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import ObjectsAction


class ActionModule(ObjectsAction):
    """Reads the manifest; applies nothing."""

    FAILURE = PolicyError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "manifest": {"type": "path", "required": True},
        "image": {"type": "str", "required": True},
        "replicas": {"type": "int", "default": 1},
        "failure_policy": {"type": "str", "choices": ["Ignore", "Fail"], "default": "Ignore"},
        "timeout": {"type": "int", "default": 3},
        "audit_interval": {"type": "int", "default": 60},
        "violations_kept": {"type": "int", "default": 50},
        "resources": {"type": "dict", "default": {}},
        "rules": {"type": "list", "elements": "dict", "default": []},
        "exempt_namespaces": {"type": "list", "elements": "str", "default": []},
        "annotations": {"type": "dict", "default": {}},
    }

    def objects(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The fitted objects."""
        manifest = Path(given.pop("manifest"))
        given["exempt_namespaces"] = tuple(given["exempt_namespaces"])
        return gatekeeper.fit(gatekeeper.read(manifest), gatekeeper.Settings(**given))
