"""Create, again, modify, again, prune, again, delete, again; each first in check mode, which must foretell it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.conftest import Object, Releases, config_map

WORKLOAD: list[Object] = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "creationTimestamp": None},
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": "example.org/web:1",
                            "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
                            "env": [
                                {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                                {"name": "MODE", "value": "fast"},
                            ],
                            "resources": {"requests": {"cpu": "1000m", "memory": "0.5Gi"}, "limits": {"cpu": 2}},
                            "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
                        }
                    ],
                    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1024Mi"}}],
                },
            },
        },
        "status": {},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http", "name": "http"}]},
    },
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "stringData": {"password": "hunter22"}},
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]},
    },
]
CLUSTER: list[Object] = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "contract-reader", "namespace": "ignored"},
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "contract-reader"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "contract-reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "default"}],
    },
    config_map("settings"),
]


def with_value(objects: list[Object], path: str, value: Any) -> list[Object]:
    """A copy of the objects in which the first has another value at a dotted path."""
    changed = copy.deepcopy(objects)
    target: Any = changed[0]
    *parents, last = path.split(".")
    for key in parents:
        target = target[int(key) if key.isdigit() else key]
    target[last] = value
    return changed


CASES = {
    "config maps": ([config_map("one"), config_map("two")], ("data.key", "other"), "ConfigMap one"),
    "workload": (WORKLOAD, ("spec.template.spec.containers.0.image", "example.org/web:2"), "Deployment web"),
    "cluster": (CLUSTER, ("rules.0.verbs", ["get"]), "ClusterRole contract-reader"),
}


@pytest.mark.parametrize("case", CASES)
def test_every_step_is_foretold_by_check_mode(
    case: str, release: Releases, results: Callable[[Object], dict[str, str]]
) -> None:
    objects, (path, value), first = CASES[case]
    names = [f"{one['kind']} {one['metadata']['name']}" for one in objects]
    modified = with_value(objects, path, value)
    last = names[-1]
    steps: list[tuple[str, list[Object], dict[str, str]]] = [
        ("create", objects, dict.fromkeys(names, "created")),
        ("again", objects, dict.fromkeys(names, "unchanged")),
        ("modify", modified, {**dict.fromkeys(names, "unchanged"), first: "configured"}),
        ("again", modified, dict.fromkeys(names, "unchanged")),
        ("prune", modified[:-1], {**dict.fromkeys(names, "unchanged"), last: "pruned"}),
        ("again", modified[:-1], dict.fromkeys(names[:-1], "unchanged")),
    ]
    for step, stated, expected in steps:
        foretold = release.check(stated, prune=True, wait=False)
        done = release(stated, prune=True, wait=False)
        assert results(done) == expected, step
        assert results(foretold) == expected, f"{step} in check mode"
        assert foretold["changed"] == done["changed"] == (step != "again"), step
        assert bool(foretold["diff"]) == done["changed"], step
        assert foretold["counts"] == done["counts"], step

    for step, expected in (("delete", dict.fromkeys(names[:-1], "deleted")), ("again", {})):
        foretold = release.check(state="absent")
        done = release(state="absent")
        assert results(done) == results(foretold) == expected, step
        assert foretold["changed"] == done["changed"] == (step == "delete")


def test_check_mode_writes_nothing(release: Releases, exists: Callable[[str], bool]) -> None:
    release.check([config_map("one")])
    assert not exists(f"/api/v1/namespaces/{release.namespace}/configmaps/one")
    assert not exists(f"/apis/platform.gantry.dev/v1/releases/demo.{release.namespace}")


def test_the_diff_shows_before_and_after(release: Releases) -> None:
    release([config_map("one", key="old")])
    (diff,) = release.check([config_map("one", key="new")])["diff"]
    assert "key: old" in diff["before"]
    assert "key: new" in diff["after"]
    assert "managedFields" not in diff["before"] + diff["after"]


def test_drift_is_set_right(release: Releases, client: Any, results: Callable[[Object], dict[str, str]]) -> None:
    release([config_map("one")])
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/one"
    drift = {"data": {"key": "drifted"}}
    client.request("PATCH", path, {"fieldManager": "k8s_release"}, drift, "application/merge-patch+json")
    assert results(release([config_map("one")], force_conflicts=True)) == {"ConfigMap one": "configured"}
    assert client.get(path)["data"] == {"key": "value"}


def test_a_field_that_is_no_longer_stated_is_removed(release: Releases, client: Any) -> None:
    release([config_map("one", a="1", b="2")])
    release([config_map("one", a="1")])
    assert client.get(f"/api/v1/namespaces/{release.namespace}/configmaps/one")["data"] == {"a": "1"}


def test_a_field_of_somebody_else_stays(release: Releases, client: Any) -> None:
    release([config_map("one", a="1")])
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/one"
    client.request("PATCH", path, {"fieldManager": "other"}, {"data": {"b": "2"}}, "application/merge-patch+json")
    assert not release([config_map("one", a="1")])["changed"]
    assert client.get(path)["data"] == {"a": "1", "b": "2"}


def test_manifests_are_files_directories_and_text(
    release: Releases, tmp_path: Any, results: Callable[[Object], dict[str, str]]
) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory/a.yaml").write_text(text % "a" + "---\n" + text % "b")
    (tmp_path / "c.json").write_text('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}')
    manifests = [str(tmp_path / "directory"), str(tmp_path / "c.json"), text % "d"]
    result = release([config_map("e")], manifests=manifests)
    assert results(result) == {f"ConfigMap {name}": "created" for name in "abcde"}


def test_all_mistakes_are_told_at_once(release: Releases) -> None:
    wrong: list[Object] = [
        {"apiVersion": "apps/v1", "kind": "Deploymnet", "metadata": {"name": "web"}},
        {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "web"}},
        config_map("twice"),
        config_map("twice"),
    ]
    message = release.fails(wrong)["msg"]
    assert "objects[0]: Deploymnet web: kind Deploymnet of apps/v1 is not known" in message
    assert "Did you mean Deployment (apps/v1)?" in message
    assert "not served in apps/v1beta1, but in apps/v1" in message
    assert f"ConfigMap {release.namespace}/twice stands in objects[2] already" in message


def test_an_unknown_field_is_refused(release: Releases) -> None:
    deployment = with_value(WORKLOAD, "spec.replica", 3)[0]
    message = release.fails([deployment, config_map("one")], wait=False)["msg"]
    assert "Deployment" in message
    assert ".spec.replica" in message
    assert "1 of 2 objects are applied" in message


def test_an_object_without_any_namespace_is_refused(release: Releases) -> None:
    assert "objects[0]: ConfigMap one: it has no namespace" in release.fails([config_map("one")], namespace="")["msg"]


def test_a_missing_namespace_is_told_with_its_remedy(release: Releases) -> None:
    message = release.fails([config_map("one")], namespace="nowhere")["msg"]
    assert 'namespaces "nowhere" not found. Add the Namespace to the release\'s objects' in message
