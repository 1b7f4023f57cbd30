"""Drift on a real API server: what is missing, changed and by whom, added by hand, and foreign; told, then mended."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gantry.platform.plugins.module_utils.release import foreign
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.drift import line
from ansible_collections.gantry.platform.plugins.modules import drift as module

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, Releases, config_map

LABELS = {"app": "web"}


def deployment() -> Object:
    pod = {"containers": [{"name": "app", "image": "example.org/web:9", "env": [{"name": "A", "value": "1"}]}]}
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def secret() -> Object:
    data = {"password": base64.b64encode(b"geheim").decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": data}


def objects() -> list[Object]:
    return [deployment(), secret(), config_map("one"), config_map("two", a="1", b="2")]


def told(result: Object) -> dict[str, list[tuple[str, str]]]:
    """Differences as ``{"changed Deployment web": [(path, by)]}``."""
    return {
        f"{one['what']} {one['kind']} {one['name']}": [(field["path"], field["by"]) for field in one["fields"]]
        for one in result["drift"]
    }


def test_nothing_differs_after_a_release(release: Releases) -> None:
    release(objects(), wait=False)
    assert release.check(objects(), drift=True)["drift"] == []


def test_what_differs_is_told_with_who_did_it_and_is_mended(
    release: Releases, api_server: ApiServer, client: Client, exists: Callable[[str], bool]
) -> None:
    def kubectl(*arguments: str) -> None:
        api_server.kubectl("--namespace", release.namespace, *arguments)

    release(objects(), wait=False)
    kubectl("delete", "configmap", "one")
    kubectl("patch", "configmap", "two", "--type=merge", "-p", '{"data": {"a": "9", "b": null}}')
    kubectl("patch", "secret", "login", "-p", '{"stringData": {"password": "offen", "more": "offen"}}')
    kubectl("set", "env", "deployment/web", "A=2", "B=3")
    kubectl("label", "deployment/web", "mine=yes")

    base = f"/api/v1/namespaces/{release.namespace}"
    before = client.get(f"{base}/configmaps/two")
    result = release.check(objects(), drift=True)
    found = told(result)
    assert set(found) == {
        "missing ConfigMap one",
        "changed ConfigMap two",
        "changed Secret login",
        "changed Deployment web",
    }
    assert found["changed ConfigMap two"] == [("data.a", "kubectl-patch"), ("data.b", "")]
    assert found["changed Secret login"] == [("data.more", "kubectl-patch"), ("data.password", "kubectl-patch")]
    web = dict(found["changed Deployment web"])
    assert web["metadata.labels.mine"] == "kubectl-label"
    container = "spec.template.spec.containers.[name=app].env"
    assert web[f"{container}.[name=A].value"] == "kubectl-set"
    assert any(path.startswith(f"{container}.[name=B]") for path in web)
    assert all(field["at"] for one in result["drift"] for field in one["fields"] if field["by"])
    assert "offen" not in json.dumps(result["drift"])
    assert "geheim" not in json.dumps(result["drift"])
    assert client.get(f"{base}/configmaps/two")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert not exists(f"{base}/configmaps/one")

    mended = release(objects(), drift=True, wait=False)
    assert set(told(mended)) == set(found)
    assert client.get(f"{base}/configmaps/two")["data"] == {"a": "1", "b": "2"}
    assert client.get(f"{base}/secrets/login")["data"] == secret()["data"]
    live = client.get(f"/apis/apps/v1/namespaces/{release.namespace}/deployments/web")
    assert live["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    assert "mine" not in live["metadata"]["labels"]
    assert exists(f"{base}/configmaps/one")
    assert release.check(objects(), drift=True)["drift"] == []
    assert not release(objects(), wait=False)["changed"]


def test_a_restart_by_hand_is_no_drift(release: Releases, api_server: ApiServer, client: Client) -> None:
    release(objects(), wait=False)
    api_server.kubectl("--namespace", release.namespace, "rollout", "restart", "deployment/web")
    assert release.check(objects(), drift=True)["drift"] == []
    release(objects(), drift=True, wait=False)
    live = client.get(f"/apis/apps/v1/namespaces/{release.namespace}/deployments/web")
    assert live["spec"]["template"]["metadata"]["annotations"]


def test_what_left_the_release_is_told(release: Releases) -> None:
    release(objects(), wait=False)
    result = release.check(objects()[:3], drift=True, prune=True)
    assert told(result) == {"left ConfigMap two": []}


def test_objects_that_people_made_are_foreign_and_those_of_controllers_are_not(
    release: Releases, api_server: ApiServer, client: Client, tmp_path: Path
) -> None:
    release([config_map("one")], wait=False)
    api_server.kubectl("--namespace", release.namespace, "create", "configmap", "notes", "--from-literal=a=1")
    path = f"/api/v1/namespaces/{release.namespace}/configmaps"
    client.request("POST", path, {"fieldManager": "controller"}, config_map("made"))
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    api_server.kubectl("--namespace", release.namespace, "create", "-f", "-", text=json.dumps(claim))
    api_server.kubectl("create", "clusterrole", f"mine-{release.namespace}", "--verb=get", "--resource=pods")

    def ours() -> list[foreign.Foreign]:
        return [one for one in foreign.find(client) if release.namespace in json.dumps(one.told())]

    assert [line(one.told()).split(" at ")[0] for one in ours()] == [
        f"foreign: ClusterRole mine-{release.namespace}: by kubectl-create",
        f"foreign: ConfigMap {release.namespace}/notes: by kubectl-create",
        f"foreign: PersistentVolumeClaim {release.namespace}/data: by kubectl-create",
    ]
    removed = foreign.remove(client, ours())
    assert sorted(one.kind.name for one in removed) == ["ClusterRole", "ConfigMap"]
    assert [one.kind.name for one in ours()] == ["PersistentVolumeClaim"]
    assert client.find(f"{path}/made")


def test_a_release_that_no_role_states_is_told(release: Releases, client: Client) -> None:
    release([config_map("one")], wait=False)
    full = f"demo.{release.namespace}"
    assert full in [one["name"] for one in foreign.undeclared(client, [])]
    assert full not in [one["name"] for one in foreign.undeclared(client, [full])]


def run(arguments: dict[str, Any]) -> dict[str, Any]:
    """The module ``drift``, as a run of its own."""
    ended: list[dict[str, Any]] = []

    class Module(AnsibleModule):  # type: ignore[misc]
        def exit_json(self, **kwargs: Any) -> None:
            ended.append(kwargs)
            raise SystemExit

    with patch_module_args(arguments), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AnsibleModule", Module)
        with pytest.raises(SystemExit):
            module.main()
    return ended[0]


def test_the_report_holds_what_is_open(release: Releases, api_server: ApiServer, tmp_path: Path) -> None:
    release(objects(), wait=False)
    api_server.kubectl("--namespace", release.namespace, "delete", "configmap", "one")
    result = release.check(objects(), drift=True)
    full = f"demo.{release.namespace}"
    given = {
        "releases": [{"release": full, "drift": result["drift"]}],
        "directory": str(tmp_path),
        "kubeconfig": str(api_server.kubeconfig),
    }
    summed = run(given)
    assert f"missing: ConfigMap {release.namespace}/one" in summed["lines"]
    written = json.loads((tmp_path / "drift.json").read_text())
    assert [one for one in written["open"] if one["release"] == full] == result["drift"]
    mended = run({**given, "repaired": True})
    assert [one for one in mended["open"] if one["release"] == full] == []
