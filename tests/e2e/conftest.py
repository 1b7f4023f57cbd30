"""What the end-to-end tests share: running a play on environment ``e2e`` and reading what it told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
INVENTORY = ROOT / "tests/e2e/inventory"
PLATFORM = ROOT / ".platform/e2e"
STATE = Path("/var/lib/gantry/e2e")


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


def counts(output: str) -> dict[str, dict[str, int]]:
    """The PLAY RECAP lines as numbers per host."""
    rows = [line.split(":", 1) for line in output.splitlines() if " ok=" in line and "changed=" in line]
    return {
        host.strip(): {key: int(value) for key, value in (pair.split("=") for pair in numbers.split())}
        for host, numbers in rows
    }


def play(*arguments: str) -> Run:
    """Run ansible-playbook against the e2e inventory, showing its output as it goes."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "NO_COLOR": "1",
    }
    command = [str(BIN / "ansible-playbook"), "-i", str(INVENTORY), *arguments]
    lines: list[str] = []
    with subprocess.Popen(
        command,
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


def checks() -> dict[str, dict[str, Any]]:
    """The checks of verify.json by id."""
    report = json.loads((PLATFORM / "reports/verify.json").read_text())
    assert report["environment"] == "e2e"
    return {check["id"]: check for check in report["checks"]}


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The raised cluster's kubeconfig."""
    return PLATFORM / "kubeconfig"
