# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Looks at a cluster that somebody else has made, without a process where the host is the controller."""

from __future__ import annotations

from types import ModuleType
from typing import ClassVar

from ansible_collections.gantry.platform.plugins.modules import cluster_facts
from ansible_collections.gantry.platform.plugins.plugin_utils.here import HereAction


class ActionModule(HereAction):
    """Does it here, or sends the module."""

    MODULE: ClassVar[ModuleType] = cluster_facts
