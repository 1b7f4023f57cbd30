"""The host's own settings: raised for the first environment, recorded as they were, put back by the last."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.machines import host
from ansible_collections.gantry.platform.plugins.module_utils.machines.cgroups import Cgroups
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import (
    locked,
    other_environments,
    read_host,
    write_host,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Outcome

LOCK = Path("/run/lock/gantry.lock")
"""Held while the host's settings are read or changed: all environments share them."""


def raise_settings(outcome: Outcome, state_directory: Path, cgroups: Cgroups) -> None:
    """Raise what is too low for machines; how the host was is recorded before it is changed."""
    low = host.low_sysctls()
    if not low and read_host(state_directory):
        return
    if not outcome.check:
        with locked(LOCK):
            if not read_host(state_directory):
                sysctls = host.read_sysctls((*host.MINIMUM_SYSCTLS, *host.ALTERED_INSIDE))
                write_host(state_directory, {"sysctls": sysctls, "cgroups": cgroups.settings()})
    outcome.do(bool(low), f"set {', '.join(low)}", lambda: outcome.warnings.extend(host.write_sysctls(low)))


def put_back(outcome: Outcome, state_directory: Path, cgroups: Cgroups) -> None:
    """Put the host's settings back, unless another environment still needs them."""
    with locked(LOCK):
        before = read_host(state_directory)
        if not before or other_environments(state_directory):
            return
        now = host.read_sysctls(before["sysctls"])
        changed = {name: value for name, value in before["sysctls"].items() if now.get(name, value) != value}
        words = f"put back {', '.join(changed)}"
        outcome.do(bool(changed), words, lambda: outcome.warnings.extend(host.write_sysctls(changed)))
        if not outcome.check:
            cgroups.put_back(before.get("cgroups", {}))
            write_host(state_directory, {})
