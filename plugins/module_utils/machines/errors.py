"""The one error of this area, and the one way to run a command."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence


class MachinesError(Exception):
    """Something that stops the work; the message names the thing, its value and the remedy."""


def run(argv: Sequence[str], *, stdin: str | None = None, timeout: float = 60.0) -> str:
    """Run a command and return what it printed.

    Raises MachinesError with the command and its last words if it fails, is missing or takes over timeout seconds.
    """
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout, env=environment, check=False
        )
    except FileNotFoundError as error:
        raise MachinesError(
            f"the command {argv[0]} is missing on this host: install the package that has it"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise MachinesError(f"{' '.join(argv)}: no answer within {timeout:.0f} s") from error
    if done.returncode != 0:
        raise MachinesError(
            f"{' '.join(argv)}: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-800:]}"
        )
    return done.stdout
