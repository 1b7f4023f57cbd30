"""The report: merged by id, complete, and readable whatever the evidence holds."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.verify import engine, report
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError
from ansible_collections.gantry.platform.plugins.module_utils.verify.model import ROWS, Check, CheckError, Result, parse

DNS = Result("verify.dns", "K", "Names resolve", True, 0.2, "2026-01-31T12:00:00+00:00", "all of them")
NODES = replace(DNS, id="kubernetes.nodes", title="Every node is Ready", evidence="3 nodes")
DRILL = replace(DNS, id="drill.node", row="28", title="A spot node vanishes", at="2026-01-30T12:00:00+00:00")


def test_every_row_has_a_name() -> None:
    assert set(report.AREAS) == ROWS


def test_results_of_other_plays_are_kept(tmp_path: Path) -> None:
    report.write(tmp_path, "local", [DRILL, DNS])
    report.write(tmp_path, "local", [NODES, replace(DNS, ok=False, at="2026-01-31T13:00:00+00:00")])
    body = json.loads((tmp_path / "verify.json").read_text())
    assert body["environment"] == "local"
    assert [(check["id"], check["ok"], check["at"][:13]) for check in body["checks"]] == [
        ("kubernetes.nodes", True, "2026-01-31T12"),
        ("verify.dns", False, "2026-01-31T13"),
        ("drill.node", True, "2026-01-30T12"),
    ]
    assert set(body["checks"][0]) == {"id", "row", "title", "ok", "seconds", "at", "evidence"}


def test_results_of_another_environment_are_not_kept(tmp_path: Path) -> None:
    report.write(tmp_path, "e2e", [DRILL])
    assert report.write(tmp_path, "local", [DNS]) == [DNS]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"environment": "local", "checks": [{"id": "x"}]}'])
def test_a_broken_report_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "verify.json").write_text(text)
    assert report.write(tmp_path, "local", [DNS]) == [DNS]


def test_the_page_says_what_fails_and_escapes_what_it_quotes(tmp_path: Path) -> None:
    report.write(tmp_path, "local", [DNS, replace(NODES, ok=False, evidence="<script>alert(1)</script>")])
    page = (tmp_path / "verify.html").read_text()
    assert "1 of 2 checks fail" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "Kubernetes: container orchestration" in page
    assert page.index("What fails") < page.index(NODES.title) < page.index(DNS.title)
    assert "2026-01-31 12:00:00 UTC" in page
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".verify.json")] == []


def declared(**fields: Any) -> dict[str, Any]:
    return {"id": "a.b", "row": "K", "title": "It holds", "probe": {"type": "nodes_ready"}} | fields


def test_a_row_may_be_a_number_and_a_later_check_replaces_an_earlier() -> None:
    checks = parse([declared(), declared(row=9, title="It holds well")])
    assert [(check.row, check.title) for check in checks] == [("9", "It holds well")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (declared(row=31), "a.b: row: a check shows one row"),
        (declared(id="nodes"), "nodes: id: String should match"),
        (declared(titel="x"), "a.b: titel: Extra inputs"),
        (declared(probe={"type": "node_ready"}), "a.b: probe: Input tag 'node_ready'"),
        (declared(probe={"type": "dns", "names": ["x"]}), "a.b: probe.dns.source: Field required"),
        (declared(ok=True), "a.b: a check has either a probe or a known result"),
        ({"id": "a.b", "row": "K", "title": "It holds"}, "a.b: a check has either"),
        ("nodes", "check 0: Input should be a valid dictionary"),
    ],
)
def test_a_wrong_declaration_is_named(wrong: Any, said: str) -> None:
    with pytest.raises(CheckError) as caught:
        parse([wrong])
    assert said in str(caught.value)


class Nodes(Cluster):
    """A cluster whose nodes become ready after some questions."""

    def __init__(self, failures: int, error: Exception | None = None) -> None:
        self.failures = failures
        self.error = error

    def objects(self, api_version: str, kind: str, namespace: str = "", selector: str = "") -> list[dict[str, Any]]:
        self.failures -= 1
        if self.failures < 0:
            return [{"metadata": {"name": "a"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}]
        raise self.error or ClusterError("GET /api/v1/nodes: connection refused")


def ask(cluster: Cluster, **fields: Any) -> Result:
    (result,) = engine.run([Check.model_validate(declared(**fields))], cluster)
    return result


def test_a_probe_is_asked_again_until_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PAUSE", 0.01)
    assert ask(Nodes(failures=3)).ok


def test_a_probe_is_given_up_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PAUSE", 0.01)
    started = time.monotonic()
    result = ask(Nodes(failures=10**6), within=0.05)
    assert (result.ok, result.evidence) == (False, "GET /api/v1/nodes: connection refused")
    assert time.monotonic() - started < 0.5


def test_a_fault_in_a_probe_is_an_answer_of_its_own() -> None:
    result = ask(Nodes(failures=9, error=KeyError("items")), within=0)
    assert (result.ok, result.evidence) == (False, "KeyError: 'items'")


def test_a_known_result_is_taken_as_it_is() -> None:
    known = Check(id="a.b", row="K", title="It holds", ok=False, seconds=3.5, evidence="seen")
    (result,) = engine.run([known], Nodes(failures=0))
    assert (result.ok, result.seconds, result.evidence) == (False, 3.5, "seen")


def test_a_missing_kubeconfig_is_told(tmp_path: Path) -> None:
    result = ask(Cluster(tmp_path / "kubeconfig"), within=0)
    assert "kubeconfig" in result.evidence
    assert "cannot be used" in result.evidence
