"""What systemd says of the service that reads files."""

from __future__ import annotations

import math
import subprocess
from typing import NamedTuple

PROPERTIES = ("ActiveState", "UnitFileState", "ActiveEnterTimestamp")


class Service(NamedTuple):
    """A unit as it is now."""

    runs: bool
    """Whether it is active, and enabled at boot."""
    since: float
    """Seconds of the epoch at which it was started; infinity where it does not run."""


def look_at(unit: str | None) -> Service:
    """Ask systemd about a unit; none, one that it does not know, and a host without systemd run no service."""
    if not unit:
        return Service(False, math.inf)
    command = ["systemctl", "show", "--timestamp=unix", f"--property={','.join(PROPERTIES)}", unit]
    try:
        return parse(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    except FileNotFoundError:
        return Service(False, math.inf)


def parse(answer: str) -> Service:
    """Read the properties, one ``name=value`` a line."""
    told = dict(line.partition("=")[::2] for line in answer.splitlines())
    since = told.get("ActiveEnterTimestamp", "")
    return Service(
        told.get("ActiveState") == "active" and told.get("UnitFileState") == "enabled",
        float(since[1:]) if since.startswith("@") else math.inf,
    )
