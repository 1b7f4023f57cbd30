"""What holds of every component on a real cluster, once it was applied twice."""

from __future__ import annotations

import os
from pathlib import Path

from tests.plays import Run, run_play

SHARED = Path(__file__).resolve().parents[1] / "shared"


def play(name: str, *arguments: str) -> Run:
    """A playbook of the scenarios, with the inventory of the one that runs."""
    return run_play([Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory"], str(SHARED / name), *arguments)


def test_every_check_of_the_role_holds() -> None:
    assert play("checks.yml").code == 0


def test_check_mode_finds_nothing_to_change() -> None:
    dry = play("converge.yml", "--check", "--diff")
    assert dry.code == 0
    assert dry.changed == 0, dry.changes


def test_check_mode_tells_of_a_removal_and_removes_nothing() -> None:
    dry = play("absent.yml", "--check")
    assert dry.code == 0
    assert dry.changed > 0
    assert play("checks.yml").code == 0
