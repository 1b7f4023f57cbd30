"""What a user may not do is named; lists that are denied are made up for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, Releases, config_map

RBAC = "/apis/rbac.authorization.k8s.io/v1"
Grant = Callable[..., Releases]


@pytest.fixture
def grant(api_server: ApiServer, client: Client, namespace: str, release: Releases) -> Grant:
    """Makes a user with the given verbs on config maps of the test's namespace, who may also keep releases."""
    release([config_map("made-by-the-administrator")], name="other")  # the CRD of releases is there

    def make(*verbs: str, user: str = "") -> Releases:
        user = user or f"user-{namespace}"
        subjects = [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}]
        role = {
            "metadata": {"name": user},
            "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": list(verbs)}],
        }
        keeper = {
            "metadata": {"name": user},
            "rules": [
                {
                    "apiGroups": ["platform.gantry.dev"],
                    "resources": ["releases"],
                    "verbs": ["get", "create", "patch", "delete"],
                }
            ],
        }
        reference = {"apiGroup": "rbac.authorization.k8s.io", "name": user}
        binding: Object = {"metadata": {"name": user}, "subjects": subjects, "roleRef": {**reference, "kind": "Role"}}
        client.request("POST", f"{RBAC}/namespaces/{namespace}/roles", body=role)
        client.request("POST", f"{RBAC}/namespaces/{namespace}/rolebindings", body=binding)
        client.request("POST", f"{RBAC}/clusterroles", body=keeper)
        wide: Object = {**binding, "roleRef": {**reference, "kind": "ClusterRole"}}
        client.request("POST", f"{RBAC}/clusterrolebindings", body=wide)
        return Releases(api_server.kubeconfig_for(user), namespace)

    return make


def test_rights_in_one_namespace_are_enough(grant: Grant, results: Callable[[Object], dict[str, str]]) -> None:
    limited = grant("get", "list", "watch", "patch", "create", "delete")
    assert results(limited([config_map("one"), config_map("two")], prune=True)) == {
        "ConfigMap one": "created",
        "ConfigMap two": "created",
    }
    assert results(limited([config_map("one")], prune=True)) == {
        "ConfigMap one": "unchanged",
        "ConfigMap two": "pruned",
    }
    assert results(limited(state="absent")) == {"ConfigMap one": "deleted"}


def test_where_lists_are_denied_objects_are_read_one_by_one(
    grant: Grant, results: Callable[[Object], dict[str, str]]
) -> None:
    limited = grant("get", "patch", "create")
    objects = [config_map(name) for name in "abcde"]
    assert set(results(limited(objects)).values()) == {"created"}
    assert set(results(limited(objects)).values()) == {"unchanged"}
    message = limited.fails(objects, prune=True)["msg"]
    assert "prune: true needs the right to list configmaps" in message


def test_what_is_denied_is_named(grant: Grant, namespace: str) -> None:
    limited = grant("get", "list")
    message = limited.fails([config_map("one")])["msg"]
    assert f'ConfigMap {namespace}/one: configmaps "one" is forbidden' in message
    assert f'User "user-{namespace}" cannot patch resource "configmaps"' in message


def test_nobody_is_told_what_he_lacks(api_server: ApiServer, namespace: str, grant: Grant) -> None:
    nobody = Releases(api_server.kubeconfig_for("nobody"), namespace)
    assert 'User "nobody" cannot get resource "releases"' in nobody.fails([config_map("one")])["msg"]
