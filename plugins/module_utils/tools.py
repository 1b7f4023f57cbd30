"""Runs a program of the bundle, or of the host, on the controller."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

TIMEOUT = 60.0
"""Seconds that a program may take."""


def run_program(
    program: str | Path,
    *arguments: str | Path,
    failure: type[Exception],
    remedy: str,
    environment: Mapping[str, str],
    data: bytes | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with ``data`` as its input and nothing but ``environment``.

    Its exit status is the caller's to judge. Raises ``failure`` if it is missing or cannot run, with the ``remedy``, or
    if it does not answer.
    """
    name = " ".join((Path(program).name, *map(str, arguments[:1])))
    try:
        return subprocess.run(
            [program, *arguments], input=data, env=environment, capture_output=True, timeout=TIMEOUT, check=False
        )
    except OSError as error:
        raise failure(f"{name}: {program}: {error.strerror}; {remedy}") from error
    except subprocess.TimeoutExpired as error:
        raise failure(f"{name}: {program}: no answer within {TIMEOUT:g} s") from error


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
    done = run_program(
        program,
        *arguments,
        failure=failure,
        remedy="build it with the role bundle",
        environment={**os.environ, "KUBECONFIG": os.devnull, **(environment or {})},
        data=None if text is None else text.encode(),
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
