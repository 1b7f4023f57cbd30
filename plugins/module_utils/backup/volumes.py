# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Packs the volumes of a node while nobody writes to them, and unpacks them on a new one.

Whoever writes is stopped (SIGSTOP) for as long as tar reads: what it finds is what a crash at that moment would have
left, which every store of the platform recovers from. They go on whatever happens: a process of its own sees to it.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MARK = ".restored"
"""In the directory of volumes: which backup they are of."""


class BackupError(Exception):
    """A backup cannot be made, trusted or restored. The message says which, and what to do."""


@dataclass(frozen=True)
class Packed:
    """What was packed: bytes of the archive, processes that were stopped, and for how many seconds."""

    bytes: int
    stopped: int
    seconds: float


def writers(directory: Path, proc: Path = Path("/proc")) -> set[int]:
    """Processes in whose own view of the file system something below ``directory`` is mounted: those of its pods."""
    below, found = f"{directory}/", set()
    for path in proc.glob("[0-9]*/mountinfo"):
        with suppress(OSError):
            roots = [line.split(" ", 4)[3] for line in path.read_text(encoding="utf-8").splitlines()]
            if any(below in root for root in roots):
                found.add(int(path.parent.name))
    return found


@contextmanager
def stopped(directory: Path, seconds: float) -> Iterator[set[int]]:
    """Nobody writes below ``directory`` meanwhile, for at most so many seconds; BackupError where it took longer."""
    found: set[int] = set()
    guards: list[subprocess.Popen[bytes]] = []
    try:
        while fresh := writers(directory) - found:  # one may have started another meanwhile
            found |= fresh
            guards.append(_guard(fresh, seconds))
            _signal(fresh, signal.SIGSTOP)
        yield found
        if any(guard.poll() is not None for guard in guards):
            raise BackupError(
                f"{directory}: writers went on after {seconds:.0f} s, before all was read: raise "
                "backup_seconds, or make the volumes smaller"
            )
    finally:
        _signal(found, signal.SIGCONT)
        for guard in guards:
            with suppress(ProcessLookupError):
                os.killpg(guard.pid, signal.SIGKILL)
            guard.wait()


def _guard(pids: Iterable[int], seconds: float) -> subprocess.Popen[bytes]:
    """Lets them go on after so many seconds, should we be killed before."""
    command = f"sleep {seconds:.0f}; kill -CONT {' '.join(map(str, pids))}"
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        ["/bin/sh", "-c", command], stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def pack(directory: Path, archive: Path, seconds: float) -> Packed:
    """Write the archive, whole or not at all. Raises BackupError."""
    partial = archive.with_name(f".{archive.name}.partial")
    archive.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    command = [
        "tar",
        "--create",
        "--numeric-owner",
        f"--file={partial}",
        f"--directory={directory}",
        f"--exclude=./{MARK}",
    ]
    with stopped(directory, seconds) as found:
        since = time.monotonic()
        _run([*command, "--use-compress-program=gzip -1", "."], seconds)
        took = time.monotonic() - since
    partial.replace(archive)
    return Packed(archive.stat().st_size, len(found), round(took, 2))


def unpack(archive: Path, directory: Path, backup: str) -> bool:
    """Put the volumes of a backup where they were; returns whether that was to do. Raises BackupError.

    A directory that holds volumes of anything else is refused; one that was interrupted is filled again, by the same.
    """
    mark = directory / MARK
    said = mark.read_text(encoding="utf-8").strip() if mark.exists() else ""
    if said == backup:
        return False
    there = sorted(path.name for path in directory.glob("*") if path != mark) if directory.exists() else []
    if there and said != f"begun {backup}":
        raise BackupError(
            f"{directory} holds volumes already ({', '.join(there[:3])}): restore into an environment that is fresh, "
            "or destroy this one first"
        )
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    mark.write_text(f"begun {backup}\n", encoding="utf-8")
    _run(["tar", "--extract", "--numeric-owner", "--gzip", f"--file={archive}", f"--directory={directory}"], 3600)
    mark.write_text(f"{backup}\n", encoding="utf-8")
    return True


def _run(command: list[str], seconds: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise BackupError(
            f"{shlex.join(command[:2])} took more than {seconds:.0f} s, and writers must not wait longer: raise "
            "backup_seconds, or make the volumes smaller"
        ) from None
    if done.returncode:
        raise BackupError(f"{shlex.join(command)} failed with {done.returncode}: {done.stderr.strip()[-800:]}")
