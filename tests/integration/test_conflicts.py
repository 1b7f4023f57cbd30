"""Two managers want the same field: told by field and owner, taken over only where that is asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, Client

from tests.integration.conftest import Object, Releases, config_map


@pytest.fixture
def contested(release: Releases, client: Client) -> str:
    """The path of a config map whose key another manager owns."""
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/one"
    client.request("PATCH", path, {"fieldManager": "gitops"}, config_map("one", key="theirs", rest="x"), APPLY)
    return path


@pytest.mark.parametrize("check", [True, False])
def test_a_conflict_names_field_and_owner(check: bool, release: Releases, contested: str, client: Client) -> None:
    result = release.fails([config_map("one", key="ours"), config_map("two")], _ansible_check_mode=check)
    assert (
        f"ConfigMap {release.namespace}/one: conflicts with another field manager: .data.key (owned by gitops)"
        in result["msg"]
    )
    assert "set force_conflicts: true" in result["msg"]
    assert [one["error"] for one in result["objects"] if one["result"] == "failed"]
    assert client.get(contested)["data"]["key"] == "theirs"


def test_force_conflicts_takes_the_field_over(
    release: Releases, contested: str, client: Client, results: Callable[[Object], dict[str, str]]
) -> None:
    taken = release([config_map("one", key="ours")], force_conflicts=True)
    assert results(taken) == {"ConfigMap one": "configured"}
    assert client.get(contested)["data"] == {"key": "ours", "rest": "x"}
    assert not release([config_map("one", key="ours")])["changed"]


def test_agreeing_on_a_value_is_no_conflict(release: Releases, contested: str) -> None:
    release([config_map("one", key="theirs")])
    assert not release([config_map("one", key="theirs")])["changed"]
