"""Runs plays as a user would, and reads what they told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Run:
    """One finished ansible-playbook: its exit code, output, and counts per host."""

    code: int
    output: str
    stats: dict[str, dict[str, int]]

    @property
    def changed(self) -> int:
        """Tasks that changed something, over all hosts."""
        return sum(counts["changed"] for counts in self.stats.values())

    @property
    def changes(self) -> list[str]:
        """Which tasks changed something."""
        task, found = "", []
        for line in self.output.splitlines():
            task = line.split("[", 1)[-1].split("]")[0] if line.startswith("TASK [") else task
            found += [f"{task}: {line}"] if line.startswith("changed: ") else []
        return found


def counts(output: str) -> dict[str, dict[str, int]]:
    """The PLAY RECAP lines as numbers per host."""
    rows = [line.split(":", 1) for line in output.splitlines() if " ok=" in line and "changed=" in line]
    return {
        host.strip(): {key: int(value) for key, value in (pair.split("=") for pair in numbers.split())}
        for host, numbers in rows
    }


def run_play(
    inventories: Iterable[Path],
    *arguments: str,
    settings: Mapping[str, str] | None = None,
    seen: Callable[[str, int], None] | None = None,
) -> Run:
    """Run ansible-playbook with the project's configuration, showing its output as it goes.

    ``settings`` are more variables of its environment. ``seen`` is told each line as it comes, and the process's id.
    """
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "NO_COLOR": "1",
        **(settings or {}),
    }
    sources = [argument for inventory in inventories for argument in ("-i", str(inventory))]
    lines: list[str] = []
    with subprocess.Popen(
        [str(BIN / "ansible-playbook"), *sources, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
            if seen:
                seen(line, process.pid)
    output = "".join(lines)
    return Run(process.returncode, output, counts(output))


@dataclass(frozen=True)
class Environment:
    """An environment that a test raises for itself, by its inventories."""

    name: str
    inventories: tuple[Path, ...]

    @property
    def directory(self) -> Path:
        """Where its results lie in this checkout."""
        return ROOT / ".platform" / self.name

    def play(self, name: str, *arguments: str) -> Run:
        """Run a play of it."""
        return run_play(self.inventories, f"playbooks/{name}.yml", *arguments)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What the bundle's kubectl prints."""
        command = [
            str(self._bundle()["binaries"]["kubectl"]),
            "--kubeconfig",
            str(self.directory / "kubeconfig"),
            *arguments,
        ]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout

    def image(self, repository: str) -> str:
        """The reference under which its bundle has an image of that repository."""
        return next(str(name) for name in self._bundle()["images"] if name.startswith(f"{repository}:"))

    def _bundle(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.directory / "bundle.json").read_text())
        return found
