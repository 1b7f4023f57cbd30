"""What holds of every component on a real cluster, once it was applied twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.plays import ROOT, Run, run_play

SHARED = Path(__file__).resolve().parents[1] / "shared"
KUBECONFIG = ROOT / ".platform/roles/kubeconfig"


def play(name: str, *arguments: str) -> Run:
    """A playbook of the scenarios, with the inventory of the one that runs."""
    return run_play([Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory"], str(SHARED / name), *arguments)


def objects(verb: str, file: Path) -> None:
    """The scenarios' tool that remembers the cluster's objects or compares them."""
    subprocess.run([sys.executable, str(SHARED / "objects.py"), verb, str(KUBECONFIG), str(file)], check=True)


def test_every_check_of_the_role_holds() -> None:
    assert play("checks.yml").code == 0


def test_check_mode_finds_nothing_to_change() -> None:
    dry = play("converge.yml", "--check", "--diff")
    assert dry.code == 0
    assert dry.changed == 0, dry.changes


def test_check_mode_tells_of_a_removal_and_removes_nothing(tmp_path: Path) -> None:
    objects("remember", tmp_path / "objects.json")
    dry = play("absent.yml", "--check")
    assert dry.code == 0
    assert dry.changed > 0
    objects("compare", tmp_path / "objects.json")
