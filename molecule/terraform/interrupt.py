"""Applies, and kills Terraform and its provider as soon as a machine is begun.

Usage: interrupt.py DIRECTORY COMMAND… (DIRECTORY: the machine's, which appears when it is begun)
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 120.0


def main(directory: Path, command: list[str]) -> int:
    """Return 0 if it was killed while it made the machine."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as process:
        deadline = time.monotonic() + PATIENCE
        while not directory.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                print(f"{directory} was not made, the apply ended with {process.poll()}")
                process.kill()
                return 1
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
