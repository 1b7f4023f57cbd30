# Copyright: the gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters for the variables of Terraform's roots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.terraform.machines import node_pools


class FilterModule:
    """What Ansible asks."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"terraform_node_pools": node_pools}
