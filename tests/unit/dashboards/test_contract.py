"""The contract's decisions: what is asked, with which values, and what counts as an answer."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards import contract

DASHBOARD: dict[str, Any] = {
    "uid": "trial",
    "templating": {
        "list": [
            {"name": "namespace", "query": {"query": "label_values(up, namespace)"}},
            {"name": "pod", "query": {"query": 'label_values(up{namespace="$namespace"}, pod)'}},
            {"name": "node", "query": {"query": "label_values(node)"}, "includeAll": True, "allValue": ".+"},
        ]
    },
    "panels": [
        {"type": "row", "title": "Open"},
        {
            "type": "stat",
            "title": "One",
            "targets": [{"refId": "A", "expr": 'up{pod="$pod", node=~"$node"}', "instant": True}],
        },
        {
            "type": "row",
            "title": "Closed",
            "panels": [{"type": "timeseries", "title": "Two", "targets": [{"expr": "rate(x[$__rate_interval])"}]}],
        },
    ],
}


class Recorded:
    """Answers from a table, and remembers what was asked."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []

    def get(self, path: str, **parameters: str) -> Any:
        self.asked.append((path, parameters))
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer


def vector(*values: str) -> dict[str, Any]:
    return {"result": [{"metric": {}, "value": [0, value]} for value in values]}


def matrix(*values: str) -> dict[str, Any]:
    return {"result": [{"metric": {}, "values": [[0, value] for value in values]}]}


def client(**answers: Any) -> Recorded:
    known = {"label/namespace/values": ["shop", "other"], "label/pod/values": ["catalog"]}
    return Recorded({**known, "query": vector("1"), "query_range": matrix("1"), **answers})


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("$a", "1"),
        ("${a}", "1"),
        ("${a:regex}", "1"),
        ("$ab", "$ab"),
        ('x{a="$a", b="$b"}[$__rate_interval]', 'x{a="1", b="2"}[1m]'),
        ("no variable", "no variable"),
    ],
)
def test_fill(text: str, filled: str) -> None:
    assert contract.fill(text, {"a": "1", "b": "2", **contract.INTERVALS}) == filled


def test_a_variable_is_filled_with_the_values_of_those_before_it() -> None:
    asked = client()
    values = contract.variables(DASHBOARD, asked)
    assert (values["namespace"], values["pod"], values["node"]) == ("shop", "catalog", ".+")
    assert asked.asked == [
        ("label/namespace/values", {"match": "up"}),
        ("label/pod/values", {"match": 'up{namespace="shop"}'}),
    ]


def test_a_variable_that_is_not_understood_is_named() -> None:
    odd = {"uid": "trial", "templating": {"list": [{"name": "x", "query": {"query": "metrics(.*)"}}]}}
    with pytest.raises(ValueError, match=r"variable x of trial: metrics\(\.\*\)"):
        contract.variables(odd, client())


def test_every_query_is_asked_also_those_in_closed_rows() -> None:
    asked = client()
    assert list(contract.check(DASHBOARD, asked, now=1000.0)) == []
    assert ("query", {"query": 'up{pod="catalog", node=~".+"}', "time": "1000.0"}) in asked.asked
    assert ("query_range", {"query": "rate(x[1m])", "start": "100.0", "end": "1000.0", "step": "15"}) in asked.asked


@pytest.mark.parametrize(
    ("answers", "panel", "reason"),
    [
        ({"query": vector()}, "One", "no data"),
        ({"query": vector("NaN")}, "One", "no data"),
        ({"query_range": matrix("NaN", "NaN")}, "Two", "no data"),
        ({"query": contract.PrometheusError("HTTP 400: parse error")}, "One", "HTTP 400: parse error"),
    ],
)
def test_what_shows_nothing_is_named(answers: dict[str, Any], panel: str, reason: str) -> None:
    (failure,) = contract.check(DASHBOARD, client(**answers), now=1000.0)
    assert (failure.target.panel, failure.reason) == (panel, reason)
    assert str(failure).startswith(f"trial / {panel} / A: {reason}\n")


def test_a_gap_beside_a_number_is_data() -> None:
    assert list(contract.check(DASHBOARD, client(query_range=matrix("NaN", "2")), now=1000.0)) == []


def test_a_variable_without_values_fails_every_query() -> None:
    failures = list(contract.check(DASHBOARD, client(**{"label/namespace/values": []}), now=1000.0))
    assert len(failures) == 2
    assert all("label_values(up, namespace) has no values" in failure.reason for failure in failures)


def test_only_http_addresses_are_asked() -> None:
    with pytest.raises(contract.PrometheusError, match="no HTTP address"):
        contract.Prometheus("file:///etc").get("query")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(contract.PrometheusError, match=r"http://127\.0\.0\.1:1 did not answer"):
        contract.Prometheus("http://127.0.0.1:1", timeout=1).get("query", query="up")
