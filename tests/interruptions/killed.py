"""Runs a play and, once a task begins, does it harm."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.plays import Run, run_play


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
    actors: list[threading.Thread] = []
    done = threading.Event()

    def act(pid: int) -> None:
        time.sleep(seconds)
        if Path(f"/proc/{pid}").exists():
            done.set()
            harm(pid)

    def seen(line: str, pid: int) -> None:
        if line.startswith("TASK [") and task in line and not actors:
            actors.append(threading.Thread(target=act, args=(pid,)))
            actors[0].start()

    settings = {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "true"}  # else a task is named once it has ended
    run = run_play((), *map(str, arguments), settings=settings, seen=seen)
    for actor in actors:
        actor.join()
    assert done.is_set(), f"the play ended with {run.code} before {task!r} had run for {seconds} s"
    return run
