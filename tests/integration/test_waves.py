"""What others stand on comes first: namespaces, CRDs, explicit waves, services of webhooks."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client

from tests.integration.conftest import Object, Releases, config_map

WAVE = "platform.gantry.dev/wave"


def definition(kind: str, group: str = "waves.example.org") -> Object:
    """A CRD of one kind with a free-form spec and a status."""
    plural = kind.lower() + "s"
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [version],
        },
    }


def custom(kind: str, name: str, wave: int = 0, group: str = "waves.example.org") -> Object:
    """A custom object."""
    annotations = {WAVE: str(wave)} if wave else {}
    metadata = {"name": name, "annotations": annotations}
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": metadata, "spec": {"size": 1}}


@pytest.fixture
def removed(client: Client) -> Iterator[Callable[[Object], Object]]:
    """Takes a CRD that is deleted after the test."""
    definitions: list[Object] = []

    def take(one: Object) -> Object:
        definitions.append(one)
        return one

    yield take
    for one in definitions:
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{one['metadata']['name']}"
        if client.find(path):
            client.request("DELETE", path)


def test_a_crd_and_its_objects_come_in_one_release(
    release: Releases, removed: Callable[[Object], Object], results: Callable[[Object], dict[str, str]]
) -> None:
    objects = [custom("Gadget", "one"), removed(definition("Gadget"))]
    expected = {"CustomResourceDefinition gadgets.waves.example.org": "created", "Gadget one": "created"}
    assert results(release.check(objects)) == expected
    assert results(release(objects)) == expected
    assert not release(objects)["changed"]
    assert not release.check(objects)["changed"]


def test_a_crd_outlives_the_release_unless_told_otherwise(
    release: Releases,
    removed: Callable[[Object], Object],
    results: Callable[[Object], dict[str, str]],
    exists: Callable[[str], bool],
) -> None:
    objects = [removed(definition("Keeper")), custom("Keeper", "one"), config_map("one")]
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/keepers.waves.example.org"
    release(objects)
    pruned = release([config_map("one")], prune=True)
    assert results(pruned)["CustomResourceDefinition keepers.waves.example.org"] == "kept"
    assert results(pruned)["Keeper one"] == "pruned"
    release(state="absent")
    assert exists(path)
    assert release(state="absent", delete_data=True)["counts"] == {"deleted": 1}
    assert not exists(path)


def test_a_namespace_comes_before_what_is_in_it(
    release: Releases, results: Callable[[Object], dict[str, str]], client: Client
) -> None:
    name = f"{release.namespace}-inner"
    objects = [config_map("one"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}]
    expected = {f"Namespace {name}": "created", "ConfigMap one": "created"}
    assert results(release.check(objects, namespace=name)) == expected
    assert results(release(objects, namespace=name)) == expected
    assert results(release(state="absent", namespace=name)) == {"ConfigMap one": "deleted", f"Namespace {name}": "kept"}
    client.get(f"/api/v1/namespaces/{name}")


def test_a_later_wave_waits_until_the_earlier_is_ready(
    release: Releases, removed: Callable[[Object], Object], client: Client
) -> None:
    path = f"/apis/waves.example.org/v1/namespaces/{release.namespace}/steps"
    seen: list[bool] = []

    def controller() -> None:
        """Make the first object ready after a while; note whether the second came before."""
        for event in client.watch(path):
            if event["type"] == "ADDED" and event["object"]["metadata"]["name"] == "first":
                time.sleep(0.5)
                seen.append(bool(client.find(f"{path}/second")))
                status = {"status": {"phase": "Done"}}
                client.request(
                    "PATCH", f"{path}/first/status", body=status, content_type="application/merge-patch+json"
                )
                return

    release([removed(definition("Step"))], name="definitions")
    thread = threading.Thread(target=controller, daemon=True)
    thread.start()
    conditions = [{"kind": "Step", "path": "status.phase", "value": "Done"}]
    objects = [
        custom("Step", "first"),
        {**config_map("second"), "metadata": {"name": "second", "annotations": {WAVE: "1"}}},
    ]
    result = release(objects, wait_conditions=conditions)
    thread.join(5)
    assert seen == [False]
    assert [one["name"] for one in result["objects"] if one["kind"] != "Release"] == ["first", "second"]
    assert result["seconds"]["wait"] >= 0.5


def test_a_kind_that_an_earlier_wave_makes_is_waited_for(
    release: Releases, removed: Callable[[Object], Object], client: Client, results: Callable[[Object], dict[str, str]]
) -> None:
    """As Gatekeeper makes the CRDs of constraints out of templates."""
    made = removed(definition("Constraint"))

    def controller() -> None:
        time.sleep(1)
        client.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body=made)

    objects = [config_map("template"), custom("Constraint", "one", wave=1)]
    assert results(release.check(objects))["Constraint one"] == "created"
    thread = threading.Thread(target=controller, daemon=True)
    thread.start()
    assert results(release(objects))["Constraint one"] == "created"
    thread.join(5)
    assert not release(objects)["changed"]


def webhook(name: str, namespace: str) -> Object:
    """A webhook configuration whose service is in a namespace."""
    hook = {
        "name": f"{name}.example.org",
        "clientConfig": {"service": {"namespace": namespace, "name": "hook"}},
        "rules": [
            {"apiGroups": ["none.example.org"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["x"]}
        ],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"none": "none"}},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }


def test_a_webhook_comes_when_its_service_has_endpoints_and_is_ready_with_its_ca(
    release: Releases, client: Client, results: Callable[[Object], dict[str, str]]
) -> None:
    name = f"hook-{release.namespace}"
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{name}"
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"}, "spec": {"ports": [{"port": 443}]}}
    objects = [webhook(name, release.namespace), service]
    seen: list[bool] = []

    def kubelet_and_controller() -> None:
        time.sleep(1)
        seen.append(bool(client.find(path)))
        endpoints = {
            "metadata": {"name": "hook-1", "labels": {"kubernetes.io/service-name": "hook"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": True}}],
            "ports": [{"port": 443}],
        }
        client.request(
            "POST", f"/apis/discovery.k8s.io/v1/namespaces/{release.namespace}/endpointslices", body=endpoints
        )
        while not client.find(path):
            time.sleep(0.1)
        authority = base64.b64encode((Path(release.kubeconfig).parent / "ca.pem").read_bytes()).decode()
        patch = [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": authority}]
        client.request("PATCH", path, {"fieldManager": "hook"}, patch, "application/json-patch+json")

    thread = threading.Thread(target=kubelet_and_controller, daemon=True)
    thread.start()
    result = release(objects, wait_timeout=20)
    thread.join(5)
    assert seen == [False]
    assert client.get(path)["webhooks"][0]["clientConfig"]["caBundle"]
    assert results(result) == {"Service hook": "created", f"ValidatingWebhookConfiguration {name}": "created"}
    assert not release(objects)["changed"]
    release(state="absent")


def test_a_webhook_whose_service_never_answers_is_not_registered(release: Releases, client: Client) -> None:
    name = f"hook-{release.namespace}"
    message = release.fails([webhook(name, release.namespace)], wait_timeout=1)["msg"]
    assert f"Service {release.namespace}/hook has no ready endpoint after 1 s" in message
    assert not client.find(f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{name}")
