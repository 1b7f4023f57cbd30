"""Runs the programs of the build: their output goes to the artifact's log, their failure into the message."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError, CommandError

LAST_LINES = 15


@dataclass
class Runner:
    """Runs commands, all output appended to `log`; `notes` are what the user has to be told."""

    log: Path
    notes: list[str] = field(default_factory=list)

    def run(self, *command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        """Run a command to its end; a CommandError holds its last lines."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            log.write(f"$ {shlex.join(map(str, command))}\n".encode())
            log.flush()
            start = log.tell()
            done = self._start(command, log.fileno(), log.fileno(), cwd, environment)
        if done.returncode:
            with self.log.open("rb") as log:
                log.seek(start)
                tail = log.read().decode(errors="replace").splitlines()[-LAST_LINES:]
            self._refuse(command, done.returncode, tail)

    def output(
        self, *command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run a command and return what it prints; a CommandError holds its last lines."""
        done = self._start(command, subprocess.PIPE, subprocess.PIPE, cwd, environment)
        if done.returncode:
            self._refuse(command, done.returncode, (done.stdout + done.stderr).decode(errors="replace").splitlines())
        return str(done.stdout.decode())

    def note(self, message: str) -> None:
        """Tell the user, now in the log and at the end in the result."""
        self.notes.append(message)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"# {message}\n")

    @staticmethod
    def _start(
        command: Sequence[str | Path], stdout: int, stderr: int, cwd: Path | None, extra: Mapping[str, str] | None
    ) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **(extra or {})}
        try:
            return subprocess.run(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=cwd,
                env=environment,
                check=False,
            )
        except FileNotFoundError as error:
            raise BundleError(f"{command[0]} is not installed on this host; role bundle installs it") from error

    def _refuse(self, command: Sequence[str | Path], code: int, lines: Sequence[str]) -> None:
        tail = "\n".join(f"  {line}" for line in lines[-LAST_LINES:])
        raise CommandError(f"{shlex.join(map(str, command))[:300]} ended with {code}; log {self.log}\n{tail}")
