"""Objects are read, checked and ordered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import (
    WAVE,
    Stated,
    duplicates,
    prepare,
    read,
    without_nulls,
)

Object = dict[str, Any]


def one(kind: str = "ConfigMap", **metadata: Any) -> Object:
    """An object with a name."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a", **metadata}}


def prepared(document: Object) -> Stated:
    """One object made ready."""
    return prepare([("objects[0]", document)])[0]


@pytest.mark.parametrize(
    ("document", "mistake"),
    [
        ("text", "objects[0]: a Kubernetes object is a mapping, this is str"),
        ({"kind": "ConfigMap"}, "objects[0]: apiVersion is missing"),
        ({"apiVersion": "v1"}, "objects[0]: kind is missing"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "ConfigMap: metadata is missing"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": 1}}, "metadata.name is 1"),
        ({"apiVersion": "v1", "kind": "Job", "metadata": {"generateName": "x-"}}, "generateName makes a new object"),
        (one(labels={"a": 1}), "label a is 1: it must be a string. Quote it"),
        (one(annotations={WAVE: "soon"}), f"annotation {WAVE} is 'soon', not an integer"),
    ],
)
def test_mistakes_are_named(document: Any, mistake: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        prepare([("objects[0]", document)])
    assert mistake in str(caught.value)


def test_lists_are_unfolded() -> None:
    stated = prepare(
        [("file", {"kind": "List", "apiVersion": "v1", "items": [one(), {"kind": "RoleList", "items": [one("Role")]}]})]
    )
    assert [(item.kind, item.origin) for item in stated] == [
        ("ConfigMap", "file item 1"),
        ("Role", "file item 2 item 1"),
    ]


def test_what_only_the_server_sets_is_dropped() -> None:
    metadata: Object = {
        "uid": "1",
        "resourceVersion": "2",
        "creationTimestamp": None,
        "managedFields": [],
        "annotations": {},
    }
    assert prepared(one(**metadata)).desired["metadata"] == {"name": "a"}


def test_the_callers_object_is_not_changed() -> None:
    document = {**one("Secret", uid="1"), "stringData": {"a": "b"}}
    prepared(document)
    assert document["stringData"] == {"a": "b"}
    assert document["metadata"]["uid"] == "1"


def test_string_data_becomes_data() -> None:
    secret = {**one("Secret"), "stringData": {"a": "b", "n": 1}, "data": {"c": "ZA=="}}
    assert prepared(secret).desired["data"] == {"a": "Yg==", "n": "MQ==", "c": "ZA=="}
    assert "stringData" not in prepared(secret).desired


def test_the_order_of_applying() -> None:
    kinds = ["ValidatingWebhookConfiguration", "Deployment", "ConfigMap", "CustomResourceDefinition", "Namespace"]
    late = one("Namespace", annotations={WAVE: "1"})
    early = one("Deployment", annotations={WAVE: "-1"})
    stated = prepare([("x", document) for document in [late, *map(one, kinds), early]])
    ordered = sorted(stated, key=lambda item: item.rank)
    assert [item.kind for item in ordered] == [
        "Deployment",
        "CustomResourceDefinition",
        "Namespace",
        "ConfigMap",
        "Deployment",
        "ValidatingWebhookConfiguration",
        "Namespace",
    ]
    assert [item.wave for item in ordered] == [-1, 0, 0, 0, 0, 0, 1]


def test_the_same_object_twice_whatever_its_version() -> None:
    again = {**one("Deployment", namespace="x"), "apiVersion": "apps/v1beta1"}
    first = {**one("Deployment", namespace="x"), "apiVersion": "apps/v1"}
    other = {**one("Deployment", namespace="y"), "apiVersion": "apps/v1"}
    stated = prepare([("a", first), ("b", again), ("c", other)])
    assert duplicates(stated) == ["b: Deployment x/a stands in a already. Keep one of them"]


def test_dates_and_equal_signs_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("at: 2026-01-01\nsign: =\nyes: true\n---\n---\nb: 1\n")
    documents = [document for _, document in read([str(tmp_path)])]
    assert documents == [{"at": "2026-01-01", "sign": "=", True: True}, {"b": 1}]


@pytest.mark.parametrize(
    ("manifest", "mistake"),
    [("/no/such.yaml", "cannot be read"), ("a: [\nb: 1\n", "manifests[0] is not YAML")],
)
def test_manifests_that_cannot_be_read(manifest: str, mistake: str) -> None:
    with pytest.raises(ReleaseError, match=mistake.replace("[", r"\[").replace("]", r"\]")):
        list(read([manifest]))


def test_what_kustomize_reads_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("kind: Kustomization\n")
    (tmp_path / "a.yaml").write_text("b: 1\n")
    assert [document for _, document in read([str(tmp_path)])] == [{"b": 1}]


def test_an_empty_directory_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"holds no \.yaml"):
        list(read([str(tmp_path)]))


def test_nulls_are_dropped_from_mappings_only() -> None:
    assert without_nulls({"a": None, "b": [None, {"c": None}], "d": {"e": None}}) == {"b": [None, {}], "d": {}}
