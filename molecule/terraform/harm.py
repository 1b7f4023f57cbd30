"""Ends one machine's processes at once, as a crash does.

Usage: harm.py ENVIRONMENT MACHINE
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.gantry.platform.plugins.module_utils.machines import nspawn


def main(environment: str, machine: str) -> None:
    """End it, and nothing else."""
    nspawn.kill(nspawn.find_processes(Path("/var/lib/gantry", environment, "machines"))[machine])


if __name__ == "__main__":
    main(*sys.argv[1:])
