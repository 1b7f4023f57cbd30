"""Who belongs to a release, what is pruned and what is not."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, Client

from tests.integration.conftest import Object, Releases, config_map

Results = Callable[[Object], dict[str, str]]


def parent_path(release: Releases) -> str:
    return f"/apis/platform.gantry.dev/v1/releases/{release.name}.{release.namespace}"


def test_parent_and_members_carry_the_labels_of_the_kep(release: Releases, client: Client) -> None:
    release([config_map("one")])
    parent = client.get(parent_path(release))
    member = client.get(f"/api/v1/namespaces/{release.namespace}/configmaps/one")
    definition = client.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/releases.platform.gantry.dev")
    assert definition["metadata"]["labels"]["applyset.kubernetes.io/is-parent-type"] == "true"
    assert parent["metadata"]["labels"]["applyset.kubernetes.io/id"] == applyset.member_of(member)
    annotations = parent["metadata"]["annotations"]
    assert annotations["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap"
    assert annotations["applyset.kubernetes.io/additional-namespaces"] == release.namespace
    assert annotations["applyset.kubernetes.io/tooling"].startswith("gantry.platform.k8s_release/")


def test_without_prune_members_stay_and_are_not_forgotten(release: Releases, results: Results) -> None:
    secret: Object = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}}
    release([config_map("one"), secret])
    assert results(release([config_map("one")])) == {"ConfigMap one": "unchanged"}
    assert results(release([config_map("one")], prune=True)) == {"ConfigMap one": "unchanged", "Secret one": "pruned"}


def test_a_release_spans_namespaces(release: Releases, client: Client, results: Results) -> None:
    other = f"{release.namespace}-other"
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": other}})
    far = {**config_map("far"), "metadata": {"name": "far", "namespace": other}}
    release([config_map("near"), far], prune=True)
    assert results(release([config_map("near")], prune=True)) == {
        "ConfigMap near": "unchanged",
        "ConfigMap far": "pruned",
    }


def test_two_releases_leave_each_other_alone(release: Releases, results: Results) -> None:
    release([config_map("one")], name="first")
    assert results(release([config_map("two")], name="second", prune=True)) == {"ConfigMap two": "created"}
    assert results(release([config_map("one")], name="first", prune=True)) == {"ConfigMap one": "unchanged"}


def test_an_object_of_another_release_is_refused(release: Releases, results: Results) -> None:
    release([config_map("one")], name="first")
    message = release.fails([config_map("one")], name="second")["msg"]
    assert "it belongs to another release" in message
    taken = release([config_map("one")], name="second", force_conflicts=True)
    assert results(taken) == {"ConfigMap one": "configured"}


def test_an_object_that_is_there_already_is_taken_in(release: Releases, client: Client, results: Results) -> None:
    client.request("POST", f"/api/v1/namespaces/{release.namespace}/configmaps", body=config_map("one", other="x"))
    assert results(release.check([config_map("one")])) == {"ConfigMap one": "configured"}
    assert results(release([config_map("one")])) == {"ConfigMap one": "configured"}
    data = client.get(f"/api/v1/namespaces/{release.namespace}/configmaps/one")["data"]
    assert data == {"key": "value", "other": "x"}


def test_an_object_with_a_copied_label_is_not_pruned(release: Releases, client: Client, results: Results) -> None:
    """As controllers copy a service's labels to its endpoints."""
    release([config_map("one")])
    live = client.get(f"/api/v1/namespaces/{release.namespace}/configmaps/one")
    copied = {"metadata": {"name": "copied", "labels": live["metadata"]["labels"]}}
    client.request("POST", f"/api/v1/namespaces/{release.namespace}/configmaps", body=copied)
    assert results(release([config_map("one")], prune=True)) == {"ConfigMap one": "unchanged"}
    client.get(f"/api/v1/namespaces/{release.namespace}/configmaps/copied")


def test_claims_are_kept_unless_told_otherwise(release: Releases, results: Results) -> None:
    claim: Object = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
    }
    release([config_map("one"), claim])
    assert not release([config_map("one"), claim])["changed"]
    kept = {"ConfigMap one": "unchanged", "PersistentVolumeClaim data": "kept"}
    assert results(release([config_map("one")], prune=True)) == kept
    assert results(release([config_map("one")], prune=True)) == kept
    pruned = release([config_map("one")], prune=True, delete_data=True, wait=False)
    assert results(pruned) == {"ConfigMap one": "unchanged", "PersistentVolumeClaim data": "pruned"}


def test_a_release_lets_go_of_objects(release: Releases, client: Client, results: Results) -> None:
    release([config_map("one"), config_map("two", key="value")], prune=True)
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/two"
    before = client.get(path)["metadata"]
    assert results(release.check([config_map("one")], prune=True, successor="other"))["ConfigMap two"] == "released"
    assert applyset.member_of(client.get(path))
    told = release([config_map("one")], prune=True, successor="other")
    assert results(told) == {"ConfigMap one": "unchanged", "ConfigMap two": "released"}
    after = client.get(path)
    assert not applyset.member_of(after)
    assert after["metadata"]["uid"] == before["uid"]
    assert after["data"] == {"key": "value"}
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]] == ["other"]
    assert not release([config_map("one")], prune=True, successor="other")["changed"]
    smaller = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}}
    client.request("PATCH", path, {"fieldManager": "other"}, smaller, APPLY)
    assert "data" not in client.get(path)


def test_a_whole_release_lets_go(release: Releases, client: Client) -> None:
    release([config_map("one")])
    assert release(state="absent", successor="other")["counts"] == {"released": 1, "deleted": 1}
    live = client.get(f"/api/v1/namespaces/{release.namespace}/configmaps/one")
    assert not applyset.member_of(live)
    assert not release(state="absent", successor="other")["changed"]


def test_a_release_takes_over_what_another_applied(release: Releases, client: Client, results: Results) -> None:
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/one"
    theirs = config_map("one", key="theirs", other="theirs")
    theirs["metadata"]["annotations"] = {"other/tracking": "one"}
    client.request("PATCH", path, {"fieldManager": "other"}, theirs, APPLY)
    uid = client.get(path)["metadata"]["uid"]
    ours = [config_map("one", key="ours")]
    assert "conflict" in release.fails(ours)["msg"]
    assert results(release.check(ours, predecessor="other"))["ConfigMap one"] == "configured"
    assert client.get(path)["data"]["key"] == "theirs"
    assert results(release(ours, predecessor="other")) == {"ConfigMap one": "configured"}
    after = client.get(path)
    assert after["metadata"]["uid"] == uid
    assert after["data"] == {"key": "ours"}
    assert "annotations" not in after["metadata"]
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]] == ["k8s_release"]
    assert not release(ours, predecessor="other")["changed"]
    assert not release(ours)["changed"]


def test_there_and_back_again(release: Releases, client: Client, results: Results) -> None:
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/two"
    both = [config_map("one"), config_map("two", key="value")]
    release(both, prune=True)
    release(both[:1], prune=True, successor="other")
    client.request("PATCH", path, {"fieldManager": "other"}, config_map("two", key="pushed", more="pushed"), APPLY)
    told = release(both, prune=True, predecessor="other")
    assert results(told) == {"ConfigMap one": "unchanged", "ConfigMap two": "configured"}
    assert client.get(path)["data"] == {"key": "value"}
    assert applyset.member_of(client.get(path))


def test_what_both_have_applied_becomes_the_releases_alone(release: Releases, client: Client) -> None:
    """As after a run that was cut off between the two."""
    path = f"/api/v1/namespaces/{release.namespace}/configmaps/one"
    release([config_map("one", key="value")])
    client.request("PATCH", path, {"fieldManager": "other"}, config_map("one", key="value", more="theirs"), APPLY)
    assert release([config_map("one", key="value")], predecessor="other")["changed"]
    after = client.get(path)
    assert after["data"] == {"key": "value"}
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]] == ["k8s_release"]
    assert not release([config_map("one", key="value")], predecessor="other")["changed"]
