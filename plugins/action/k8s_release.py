# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Applies a release, without a process where the host is the controller."""

from __future__ import annotations

from types import ModuleType
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.modules import k8s_release
from ansible_collections.gantry.platform.plugins.plugin_utils.here import HereAction

FACT = "platform_drift"
"""Where the drift of all releases is collected, for C(gantry.platform.drift)."""


class ActionModule(HereAction):
    """Calls the release here, or sends the module."""

    MODULE: ClassVar[ModuleType] = k8s_release

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the release; returns what the module returns."""
        told = super().run(tmp, task_vars)
        if "drift" in told:
            known = (task_vars or {}).get("ansible_facts", {}).get(FACT, [])
            told["ansible_facts"] = {FACT: [*known, {"release": told["release"], "drift": told["drift"]}]}
        return told
