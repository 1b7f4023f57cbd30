# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Finds out whether the registry serves what it is to, without a process where the host is the controller."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from ansible_collections.gantry.platform.plugins.modules import registry
from ansible_collections.gantry.platform.plugins.plugin_utils.here import HereAction


class ActionModule(HereAction):
    """Looks here; what is to be done, the module does: the processes that it starts outlive the task."""

    MODULE: ClassVar[ModuleType] = registry
    LOOKS = True
