# Copyright: the gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters of planned work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.plugin_utils.here import plain


def maintenance(windows: list[Any], at: str = "") -> dict[str, Any]:
    """Whether one of platform_maintenance_windows is open, and when the next one opens: ``{open, next}``.

    ``at`` is a moment in ISO 8601 with its time zone; now where empty. ``next`` is empty where one is open.

    :raises AnsibleFilterError: A window or the moment is none.
    """
    from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Window
    from ansible_collections.gantry.platform.plugins.module_utils.contract.windows import opening

    try:
        moment = datetime.fromisoformat(at) if at else datetime.now(UTC)
        found = opening((Window.model_validate(plain(window)) for window in windows), moment)
    except ValueError as error:
        raise AnsibleFilterError(f"platform_maintenance_windows: {error}") from error
    return {"open": found.open, "next": found.next.strftime("%a %Y-%m-%d %H:%M UTC") if found.next else ""}


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"maintenance": maintenance}
