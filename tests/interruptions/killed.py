"""Runs a play and, once a task begins, does it harm."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.plays import BIN, ROOT, Run, counts


def descendants(pid: int) -> list[int]:
    """A process and all that it started and that still belongs to it."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def kill(pid: int) -> None:
    """SIGKILL a process and all its descendants, as a machine that loses its power would: none may clean up."""
    doomed = descendants(pid)
    for one in doomed:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGSTOP)  # else a parent sees its children die, and acts on it
    for one in doomed:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def run_until(task: str, seconds: float, harm: Callable[[int], None], *arguments: str | Path) -> Run:
    """Run ansible-playbook; ``seconds`` after the ``task`` whose name holds this text begins, ``harm(pid)``.

    Fails where the play ended before.
    """
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true",  # else a task is named once it has ended
        "ANSIBLE_FORCE_COLOR": "0",
        "NO_COLOR": "1",
    }
    lines: list[str] = []
    begun = threading.Event()
    with subprocess.Popen(
        [BIN / "ansible-playbook", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:

        def act() -> None:
            time.sleep(seconds)
            if process.poll() is None:
                begun.set()
                harm(process.pid)

        assert process.stdout is not None
        actor = threading.Thread(target=act)
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
            if line.startswith("TASK [") and task in line and not actor.ident:
                actor.start()
        if actor.ident:
            actor.join()
    output = "".join(lines)
    assert begun.is_set(), f"the play ended with {process.returncode} before {task!r} had run for {seconds} s"
    return Run(process.returncode, output, counts(output))
