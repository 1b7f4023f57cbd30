"""Probes that ask a real API server: what it has, what it refuses, and when it is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.verify import engine
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster
from ansible_collections.gantry.platform.plugins.module_utils.verify.model import Result, parse

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, config_map

Ask = Callable[..., Result]


@pytest.fixture
def ask(api_server: ApiServer) -> Ask:
    """Asks one probe once."""
    return asker(api_server.kubeconfig)


def asker(kubeconfig: Path) -> Ask:
    """Asks one probe of the API server of a kubeconfig."""

    def once(**probe: Any) -> Result:
        check = {"id": "test.probe", "row": "K", "title": "It holds", "within": 0, "probe": probe}
        (result,) = engine.run(parse([check]), Cluster(kubeconfig))
        return result

    return once


def node(name: str, ready: str) -> Object:
    """A node and its condition."""
    condition = {"type": "Ready", "status": ready, "reason": "Test", "message": f"it is {ready}"}
    return {"metadata": {"name": name}, "status": {"conditions": [condition]}}


def test_nodes_are_judged_by_what_the_server_says(ask: Ask, client: Client) -> None:
    for name, ready in (("verify-a", "True"), ("verify-b", "False")):
        client.request("POST", "/api/v1/nodes", body=node(name, ready))
        client.request("PUT", f"/api/v1/nodes/{name}/status", body=node(name, ready))
    try:
        answer = ask(type="nodes_ready")
        assert not answer.ok
        assert "verify-b: it is False" in answer.evidence
        assert "verify-a: missing" not in ask(type="nodes_ready", names=["verify-a", "verify-c"]).evidence
        assert "verify-c: missing" in ask(type="nodes_ready", names=["verify-a", "verify-c"]).evidence
    finally:
        for name in ("verify-a", "verify-b"):
            client.request("DELETE", f"/api/v1/nodes/{name}")


def test_an_object_of_any_kind_is_found_by_its_kind(ask: Ask, client: Client, namespace: str) -> None:
    client.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body=config_map("one", color="blue"))
    found = {"type": "object", "api_version": "v1", "kind": "ConfigMap", "namespace": namespace, "name": "one"}
    assert ask(**found, path="data.color", equals="blue").ok
    wrong = ask(**found, path="data.color", equals="red")
    assert wrong.evidence == "ConfigMap: one: data.color is 'blue', expected 'red'"
    absent = ask(**found | {"name": "two"})
    assert 'configmaps "two" not found' in absent.evidence
    role = {
        "type": "object",
        "api_version": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "name": "cluster-admin",
    }
    assert ask(**role).ok
    assert "has no ConfigMapp in v1" in ask(**found | {"kind": "ConfigMapp"}).evidence


def test_a_namespace_without_workloads_is_not_ready(ask: Ask, namespace: str) -> None:
    assert ask(type="workloads_ready", namespaces=[namespace]).evidence == f"no workload in {namespace}"


def test_the_servers_own_metrics_are_read(ask: Ask) -> None:
    assert ask(type="metric", names="apiserver_request_total", least=1).ok
    assert not ask(type="metric", names="apiserver_request_total", most=0).ok


def test_a_refusal_is_told_in_the_servers_words(api_server: ApiServer, tmp_path: Path) -> None:
    body = yaml.safe_load(api_server.kubeconfig.read_text())
    body["users"][0]["user"] = {"token": "nobody"}
    stranger = tmp_path / "kubeconfig"
    stranger.write_text(yaml.safe_dump(body))
    assert "401" in asker(stranger)(type="nodes_ready").evidence


def test_missing_rights_are_told(api_server: ApiServer) -> None:
    evidence = asker(api_server.kubeconfig_for("stranger"))(type="nodes_ready").evidence
    assert 'User "stranger" cannot list resource "nodes"' in evidence


def test_a_server_that_is_gone_is_told(api_server: ApiServer, tmp_path: Path) -> None:
    body = yaml.safe_load(api_server.kubeconfig.read_text())
    body["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    gone = tmp_path / "kubeconfig"
    gone.write_text(yaml.safe_dump(body))
    answer = asker(gone)(type="nodes_ready")
    assert not answer.ok
    assert "refused" in answer.evidence


def test_what_the_server_would_refuse_is_told_in_its_words_and_not_kept(
    ask: Ask, namespace: str, exists: Callable[[str], bool]
) -> None:
    good = {**config_map("offered"), "metadata": {"name": "offered", "namespace": namespace}}
    assert not ask(type="refused", object=good, contains="denied").ok
    assert not exists(f"/api/v1/namespaces/{namespace}/configmaps/offered")
    bad = {**good, "metadata": {"name": "Not A Name", "namespace": namespace}}
    answer = ask(type="refused", object=bad, contains="is invalid")
    assert answer.ok
    assert "Not A Name" in answer.evidence
