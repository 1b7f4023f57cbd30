"""Unchanged or not, decided by values and ownership."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.unchanged import is_unchanged, quantity

Object = dict[str, Any]
OWNED_CONTAINER: Object = {".": {}, "f:name": {}, "f:image": {}, "f:resources": {"f:requests": {"f:cpu": {}}}}


def live(spec: Object, owned: Object, **entry: Any) -> Object:
    """A live deployment of which we own some fields of the spec."""
    manager = {"manager": "us", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {"f:spec": owned}, **entry}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"managedFields": [manager]}, "spec": spec}


def desired(spec: Object) -> Object:
    """A stated deployment."""
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


CASES: list[tuple[str, Object, Object, Object, bool]] = [
    ("equal", {"replicas": 1}, {"replicas": 1, "paused": False}, {"f:replicas": {}}, True),
    ("another value", {"replicas": 2}, {"replicas": 1}, {"f:replicas": {}}, False),
    ("a boolean is no number", {"replicas": True}, {"replicas": 1}, {"f:replicas": {}}, False),
    ("not ours", {"replicas": 1}, {"replicas": 1}, {"f:paused": {}}, False),
    ("no longer stated", {"replicas": 1}, {"replicas": 1, "x": 1}, {"f:replicas": {}, "f:x": {}}, False),
    ("owned and gone", {"replicas": 1}, {}, {"f:replicas": {}}, False),
    ("empty is left out", {"template": {}}, {}, {"f:template": {}}, True),
    ("false is left out", {"paused": False}, {}, {"f:paused": {}}, True),
    ("empty, and filled by another", {"selector": {}}, {"selector": {"a": "b"}}, {"f:selector": {}}, False),
    (
        "a quantity in another notation",
        {"containers": [{"name": "a", "image": "x", "resources": {"requests": {"cpu": "1000m"}}}]},
        {"containers": [{"name": "a", "image": "x", "resources": {"requests": {"cpu": "1"}}, "tty": False}]},
        {"f:containers": {'k:{"name":"a"}': OWNED_CONTAINER}},
        True,
    ),
    (
        "an item less",
        {"containers": [{"name": "a"}]},
        {"containers": [{"name": "a"}, {"name": "b"}]},
        {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}, 'k:{"name":"b"}': {".": {}, "f:name": {}}}},
        False,
    ),
    (
        "an item of another manager",
        {"containers": [{"name": "a"}]},
        {"containers": [{"name": "a"}, {"name": "sidecar"}]},
        {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}}},
        True,
    ),
    (
        "another order",
        {"containers": [{"name": "b"}, {"name": "a"}]},
        {"containers": [{"name": "a"}, {"name": "b"}]},
        {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}, 'k:{"name":"b"}': {".": {}, "f:name": {}}}},
        False,
    ),
    (
        "a key that the server fills in",
        {"ports": [{"port": 80}]},
        {"ports": [{"port": 80, "protocol": "TCP"}]},
        {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}},
        True,
    ),
    ("a set", {"x": ["a", "b"]}, {"x": ["a", "c", "b"]}, {"f:x": {'v:"a"': {}, 'v:"b"': {}}}, True),
    ("a whole list", {"args": ["a", "b"]}, {"args": ["a", "b"]}, {"f:args": {}}, True),
    ("another whole list", {"args": ["b", "a"]}, {"args": ["a", "b"]}, {"f:args": {}}, False),
    (
        "filled into a whole value",
        {"fieldRef": {"fieldPath": "x"}},
        {"fieldRef": {"fieldPath": "x", "apiVersion": "v1"}},
        {"f:fieldRef": {}},
        True,
    ),
    (
        "a label that looks like a quantity",
        {"matchLabels": {"requests": "1000m"}},
        {"matchLabels": {"requests": "1"}},
        {"f:matchLabels": {"f:requests": {}}},
        False,
    ),
]


@pytest.mark.parametrize(
    ("stated", "found", "owned", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_values_and_ownership(stated: Object, found: Object, owned: Object, expected: bool) -> None:
    assert is_unchanged(desired(stated), live(found, owned), "us") is expected


@pytest.mark.parametrize(
    "entry", [{"manager": "them"}, {"operation": "Update"}, {"apiVersion": "apps/v2"}, {"subresource": "status"}]
)
def test_only_our_own_apply_counts(entry: Object) -> None:
    assert is_unchanged(desired({"a": 1}), live({"a": 1}, {"f:a": {}}), "us")
    assert not is_unchanged(desired({"a": 1}), live({"a": 1}, {"f:a": {}}, **entry), "us")


def test_what_is_being_deleted_is_not_unchanged() -> None:
    leaving = live({"a": 1}, {"f:a": {}})
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not is_unchanged(desired({"a": 1}), leaving, "us")


def test_the_text_of_a_config_map_is_no_quantity() -> None:
    entry = {
        "manager": "us",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsV1": {"f:data": {"f:requests": {"f:x": {}}}},
    }
    base = {"apiVersion": "v1", "kind": "ConfigMap"}
    found = {**base, "metadata": {"managedFields": [entry]}, "data": {"requests": {"x": "1"}}}
    assert not is_unchanged({**base, "metadata": {"name": "a"}, "data": {"requests": {"x": "1000m"}}}, found, "us")


@pytest.mark.parametrize(
    ("text", "number"),
    [("1000m", "1"), ("1", "1"), (2, "2"), ("1Ki", "1024"), ("0.5Gi", "536870912"), ("1e3", "1000"), ("12E", "12e18")],
)
def test_quantities(text: Any, number: str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "m", "ten", "1 Gi", True, None, "NaN", "Infinity"])
def test_what_is_no_quantity(text: Any) -> None:
    assert quantity(text) is None
