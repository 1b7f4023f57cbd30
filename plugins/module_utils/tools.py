"""Runs a program of the bundle on the controller."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

TIMEOUT = 60.0
"""Seconds that a program may take."""


def run_tool(
    program: str | Path,
    *arguments: str | Path,
    failure: type[Exception],
    text: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program that the bundle built, with ``text`` as its input, and no cluster in reach.

    Its exit status is the caller's to judge. Raises ``failure`` if it is missing, cannot run or does not answer.
    """
    name = Path(program).name
    try:
        return subprocess.run(
            [program, *arguments],
            input=text,
            env={**os.environ, "KUBECONFIG": os.devnull, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except OSError as error:
        raise failure(f"{name}: {program}: {error.strerror}; build it with the role bundle") from error
    except subprocess.TimeoutExpired as error:
        raise failure(f"{name}: {program}: no answer within {TIMEOUT:g} s") from error
