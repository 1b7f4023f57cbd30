# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Plans an upgrade, without a process where the host is the controller."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from ansible_collections.gantry.platform.plugins.modules import kubernetes_upgrade
from ansible_collections.gantry.platform.plugins.plugin_utils.here import HereAction


class ActionModule(HereAction):
    """Calls the module's work here, or sends the module."""

    MODULE: ClassVar[ModuleType] = kubernetes_upgrade
