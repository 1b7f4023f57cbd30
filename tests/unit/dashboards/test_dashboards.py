"""The dashboards as they are committed: up to date, well formed, and asking for what is there."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from dashboards import contract, generate

DASHBOARDS = {dashboard["uid"]: dashboard for dashboard in contract.load()}
PANELS = [
    pytest.param(panel, id=f"{uid}-{panel['title']}")
    for uid, dashboard in DASHBOARDS.items()
    for panel in dashboard["panels"]
    if panel["type"] != "row"
]
each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=list(DASHBOARDS))
each_panel = pytest.mark.parametrize("panel", PANELS)


def test_committed_files_are_what_the_code_renders() -> None:
    assert generate.stale(generate.OUTPUT, generate.render()) == []


def test_rendering_twice_gives_the_same_bytes() -> None:
    assert generate.render() == generate.render()


def test_stale_names_changed_missing_and_left_over_files(tmp_path: Path) -> None:
    files = {"a.json": "1", "b.json": "2", "c.json": "3"}
    generate.write(tmp_path, files)
    assert generate.stale(tmp_path, files) == []
    (tmp_path / "a.json").write_text("changed")
    (tmp_path / "b.json").unlink()
    (tmp_path / "d.json").write_text("left over")
    assert generate.stale(tmp_path, files) == ["a.json", "b.json", "d.json"]
    generate.write(tmp_path, files)
    assert generate.stale(tmp_path, files) == []


def test_dashboards_have_distinct_identifiers_and_titles() -> None:
    assert len(DASHBOARDS) == len(generate.DASHBOARDS)
    assert len({dashboard["title"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


@each_dashboard
def test_panels_are_numbered_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    places = [(p["title"], p["gridPos"]) for p in panels]
    for (one, a), (other, b) in combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{one} and {other} overlap"
    assert all(place["x"] + place["w"] <= 24 for _, place in places)


@each_dashboard
def test_titles_are_distinct(dashboard: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in dashboard["panels"]]
    assert len(titles) == len(set(titles))


@each_dashboard
def test_every_variable_used_is_declared_and_every_declared_one_used(dashboard: dict[str, Any]) -> None:
    declared = [variable["name"] for variable in dashboard.get("templating", {}).get("list", [])]
    texts = [target.expr for target in contract.targets(dashboard)]
    texts += [variable["query"]["query"] for variable in dashboard.get("templating", {}).get("list", [])]
    used = {name for text in texts for name in re.findall(r"\$([a-z_]\w*)", text)} - set(contract.INTERVALS)
    assert used == set(declared)


@each_panel
def test_panel_asks_prometheus_and_has_a_unit(panel: dict[str, Any]) -> None:
    assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
    assert panel["targets"]
    if panel["type"] == "heatmap":
        assert panel["options"]["yAxis"]["unit"]
    elif panel["type"] == "table":
        assert all(
            any(one["id"] == "unit" for one in override["properties"]) for override in panel["fieldConfig"]["overrides"]
        )
    else:
        assert panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_brackets_are_balanced_and_rates_take_the_safe_window(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        expr = target["expr"]
        for opening, closing in ("()", "{}", "[]"):
            assert expr.count(opening) == expr.count(closing), expr
        assert set(re.findall(r"\[([^\]a-z][^\]]*)\]", re.sub(r'"[^"]*"', "", expr))) <= {"$__rate_interval"}
