# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Fits Argo CD's own manifests to the platform, on the controller."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.delivery import argocd
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import ObjectsAction


class ActionModule(ObjectsAction):
    """Reads the manifests; applies nothing."""

    FAILURE = DeliveryError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "directory": {"type": "path", "required": True},
        "image": {"type": "str", "required": True},
        "redis_image": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "argocd"},
        "resources": {"type": "dict", "default": {}},
        "data": {"type": "dict", "default": {}},
        "annotations": {"type": "dict", "default": {}},
    }

    def objects(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """The fitted objects."""
        directory = Path(given.pop("directory"))
        return argocd.fit(argocd.read(directory), argocd.Settings(**given))
