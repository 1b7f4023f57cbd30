"""What differs between inventories."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.contract.differences import (
    ABSENT,
    DifferencesError,
    differences,
    read,
    table,
)

ROOT = Path(__file__).parents[4]


def test_only_what_differs_is_told_key_by_key() -> None:
    one = {"same": 1, "map": {"a": True, "b": [1, 2]}, "pools": [{"name": "x", "count": 1}], "empty": {}}
    other = {"same": 1, "map": {"a": False, "b": [1, 2]}, "pools": [{"name": "y", "count": 1}], "empty": [], "new": ""}
    rows = {row.name: row.values for row in differences({"one": one, "other": other})}
    assert rows == {
        "map.a": ("true", "false"),
        "pools[x].count": ("1", ABSENT),
        "pools[y].count": (ABSENT, "1"),
        "empty": ("{}", "[]"),
        "new": (ABSENT, ""),
    }


def test_the_same_does_not_differ() -> None:
    assert differences({"one": {"a": [1]}, "other": {"a": [1]}}) == []


def test_a_table_has_aligned_columns() -> None:
    rows = differences({"dev": {"budget": 300}, "prod": {"budget": 2500}})
    assert table(["dev", "prod"], rows) == [
        "|        | dev | prod |",
        "|--------|-----|------|",
        "| budget | 300 | 2500 |",
    ]


def test_our_environments_differ_where_they_should() -> None:
    environments = dict(read(ROOT / "inventories" / name) for name in ("dev", "staging", "prod"))
    rows = {row.name: row.values for row in differences(environments)}
    assert list(environments) == ["dev", "staging", "prod"]
    assert rows["opa_enforcement"] == ("warn", "deny", "deny")
    assert rows["platform_node_pools[spot].on_demand_floor"] == ("0", "1", "3")
    for name in ("platform_aws.account", "platform_networks.machines", "platform_networks.pods", "platform_domain"):
        assert len(set(rows[name])) == 3, name
    for name in ("platform_aws.monthly_budget", "platform_node_pools[general].max", "platform_aws.log_days"):
        numbers = [int(value) for value in rows[name]]
        assert numbers == sorted(set(numbers)), f"{name} does not grow towards prod"
    for name in ("platform_driver", "platform_kubernetes_version", "platform_aws.region", "platform_image_source"):
        assert name not in rows, "environments that differ here prove nothing for each other"


def test_what_is_no_inventory_is_told(tmp_path: Path) -> None:
    with pytest.raises(DifferencesError, match=r"has no group_vars/all/\*.yml"):
        read(tmp_path)
    (tmp_path / "group_vars/all").mkdir(parents=True)
    (tmp_path / "group_vars/all/x.yml").write_text("- a\n- b: [")
    with pytest.raises(DifferencesError, match="is no map in YAML"):
        read(tmp_path)
