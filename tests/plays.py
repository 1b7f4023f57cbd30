"""Runs plays as a user would, and reads what they told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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


def run_play(inventories: Iterable[Path], *arguments: str) -> Run:
    """Run ansible-playbook with the project's configuration, showing its output as it goes."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "NO_COLOR": "1",
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
    output = "".join(lines)
    return Run(process.returncode, output, counts(output))
