"""The journal of an upgrade, by the module: noted, finished, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.journal import Entry, Journal, read, write
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode
from ansible_collections.gantry.platform.plugins.modules.kubernetes_upgrade import call


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "upgrade.json"
    write(path, Journal("1.37.2", nodes={"x-control-1": Entry("1.36.3", cordoned=False)}))
    return path


def told(journal: Path, state: str, check: bool = False, **parameters: Any) -> dict[str, Any]:
    given = {"kubeconfig": "/none", "version": "1.37.2", "pools": [], "timeout": 1, "node": None, "phase": None}
    return call({**given, "journal": str(journal), "state": state, **parameters}, Mode(check, False))


def test_a_node_goes_from_phase_to_phase_and_the_upgrade_ends(journal: Path) -> None:
    for phase in ("begun", "served", "drained", "done"):
        assert told(journal, "noted", node="x-control-1", phase=phase) == {"changed": True}
    found = told(journal, "finished")
    assert (found["changed"], list(found["seconds"])) == (True, ["x-control-1"])
    assert told(journal, "finished") == {"changed": False, "seconds": {}}


def test_check_mode_writes_nothing(journal: Path) -> None:
    before = journal.read_text()
    assert told(journal, "noted", check=True, node="x-control-1", phase="done") == {"changed": False}
    assert told(journal, "finished", check=True)["changed"]
    assert journal.read_text() == before


def test_an_upgrade_is_not_finished_while_a_node_is_not(journal: Path) -> None:
    assert told(journal, "finished")["msg"] == "not upgraded yet: x-control-1"
    known = read(journal)
    assert known is not None
    assert not known.done


@pytest.mark.parametrize("content", ["", "{}", json.dumps({"target": "1.37.2", "nodes": {"x": {"phase": "odd"}}})])
def test_a_journal_that_is_none_is_told_with_what_to_do(journal: Path, content: str) -> None:
    journal.write_text(content)
    found = told(journal, "noted", node="x", phase="done")
    assert found["failed"]
    assert "remove it, the next run looks anew" in found["msg"]


def test_an_unknown_node_and_a_cluster_that_cannot_be_asked_are_told(journal: Path) -> None:
    assert "knows no node y" in told(journal, "noted", node="y", phase="done")["msg"]
    assert "kubeconfig /none cannot be read" in told(journal, "planned")["msg"]
