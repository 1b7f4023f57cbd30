"""Who owns what was applied, before and after objects change hands."""

from __future__ import annotations

from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.releaser import handed_over, taken_over

Fields = dict[str, Any]


def applied(manager: str, fields: Fields, version: str = "v1", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Apply", "apiVersion": version, "fieldsV1": fields, **more}


def live(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"uid": "1", "managedFields": list(entries)}}


STATUS = {"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}


def test_nothing_is_taken_over_from_nobody() -> None:
    assert taken_over({}, "us", "them") == {}
    assert taken_over(live(STATUS, applied("us", {"f:data": {}})), "us", "them") == {}
    assert taken_over(live(applied("them", {}, subresource="status")), "us", "them") == {}
    assert taken_over(live(applied("", {})), "us", "") == {}


def test_theirs_is_ours_then() -> None:
    theirs: Fields = {"f:data": {"f:key": {}}}
    change = taken_over(live(STATUS, applied("them", theirs)), "us", "them")
    assert change["metadata"] == {"uid": "1", "managedFields": [STATUS, applied("us", theirs)]}


def test_what_both_had_is_one() -> None:
    ours: Fields = {"f:data": {".": {}, "f:key": {}}}
    theirs: Fields = {"f:data": {"f:more": {}}, "f:metadata": {}}
    change = taken_over(live(applied("us", ours), applied("them", theirs)), "us", "them")
    both: Fields = {"f:data": {".": {}, "f:key": {}, "f:more": {}}, "f:metadata": {}}
    assert change["metadata"]["managedFields"] == [applied("us", both)]


def test_versions_stay_apart() -> None:
    change = taken_over(live(applied("us", {"f:a": {}}, "v1"), applied("them", {"f:b": {}}, "v2")), "us", "them")
    assert change["metadata"]["managedFields"] == [applied("us", {"f:a": {}}, "v1"), applied("us", {"f:b": {}}, "v2")]


def test_there_and_back() -> None:
    before = live(STATUS, applied("us", {"f:data": {"f:key": {}}}))
    gone = live(*handed_over(before, "us", "them")["metadata"]["managedFields"])
    assert taken_over(gone, "us", "them")["metadata"]["managedFields"] == before["metadata"]["managedFields"]
