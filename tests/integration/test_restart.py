"""The module ``restart`` with Kubernetes' own controllers: what runs, what has no replicas, what does not come up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.remediation.components import RESTARTED, RemediationError
from ansible_collections.gantry.platform.plugins.module_utils.remediation.restart import Restart

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, Releases
from tests.integration.kubelet import add_node, kubelet, running, waiting

LABELS = {"app.kubernetes.io/name": "web"}


def workload(kind: str = "Deployment", **spec: Any) -> Object:
    """A workload of two replicas whose pods carry the component's name."""
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "app", "image": "example.org/web:9"}]}}
    body: Object = {"replicas": 2, **spec, "selector": {"matchLabels": LABELS}, "template": template}
    if kind == "StatefulSet":
        body["serviceName"] = "web"
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": body}


@pytest.fixture(scope="module", autouse=True)
def node(controlled: ApiServer, client: Client) -> None:
    """A ready node."""
    add_node(client, "restart-node")


def starts(pod: Object) -> Iterator[Object]:
    yield {"pause": 0.2}
    yield running(pod)


def crashes(pod: Object) -> Iterator[Object]:
    for restarts in (1, 2, 3):
        yield waiting(pod, "CrashLoopBackOff", "back-off 10s restarting failed container", restarts, exit_code=1)
        yield {"pause": 0.2}


def path(release: Releases, plural: str = "deployments") -> str:
    return f"/apis/apps/v1/namespaces/{release.namespace}/{plural}/web"


def scale(client: Client, release: Releases, replicas: int) -> None:
    """As ``kubectl scale`` does."""
    body = {"spec": {"replicas": replicas}}
    client.request("PATCH", path(release) + "/scale", {"fieldManager": "kubectl"}, body, "application/merge-patch+json")


def restart(client: Client, release: Releases, check: bool = False) -> dict[str, Any]:
    return Restart(client, f"{release.namespace}/web", 30, check).run()


@pytest.mark.parametrize(("kind", "plural"), [("Deployment", "deployments"), ("StatefulSet", "statefulsets")])
def test_what_runs_is_restarted_pod_by_pod(release: Releases, client: Client, kind: str, plural: str) -> None:
    pods = f"/api/v1/namespaces/{release.namespace}/pods"

    def uids() -> set[str]:
        return {one["metadata"]["uid"] for one in client.get(pods)["items"]}

    with kubelet(client, release.namespace, starts):
        release([workload(kind)], wait_timeout=30)
        old = uids()
        told = restart(client, release, check=True)
        assert told["workloads"] == [
            {"kind": kind, "namespace": release.namespace, "name": "web", "action": "restarted"}
        ]
        assert RESTARTED not in client.get(path(release, plural))["spec"]["template"]["metadata"].get("annotations", {})
        assert uids() == old
        result = restart(client, release)
        assert result["workloads"] == told["workloads"]
        assert result["checks"] == ["demo.*"]
        deadline = time.monotonic() + 10
        while uids() & old and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(uids()) == 2
        assert not uids() & old
        assert not release([workload(kind)], wait_timeout=30)["changed"]


def test_what_was_scaled_to_zero_runs_again_and_its_release_still_owns_the_number(
    release: Releases, client: Client
) -> None:
    with kubelet(client, release.namespace, starts):
        release([workload()], wait_timeout=30)
        scale(client, release, 0)
        told = restart(client, release, check=True)
        assert told["workloads"][0]["action"] == "scaled up from zero"
        assert told["diff"][0]["after"]["replicas"] == 1
        assert client.get(path(release))["spec"]["replicas"] == 0
        restart(client, release)
        live = client.get(path(release))
        assert (live["spec"]["replicas"], live["status"]["availableReplicas"]) == (1, 1)
        release([workload()], wait_timeout=30)
        assert client.get(path(release))["spec"]["replicas"] == 2


def test_what_is_declared_with_none_stays_so(release: Releases, client: Client) -> None:
    release([workload(replicas=0)])
    with pytest.raises(RemediationError, match="declared with no replicas"):
        restart(client, release)


def test_what_does_not_come_up_is_told_with_its_reason(release: Releases, client: Client) -> None:
    with kubelet(client, release.namespace, starts):
        release([workload()], wait_timeout=30)
    with (
        kubelet(client, release.namespace, crashes),
        pytest.raises(RemediationError, match=r"web was restarted, but is not ready[^!]*crash loop"),
    ):
        restart(client, release)


def test_an_unknown_component_names_those_that_exist(release: Releases, client: Client) -> None:
    release([workload(replicas=0)])
    with pytest.raises(RemediationError, match=rf"There are: .*{release.namespace}/web"):
        Restart(client, f"{release.namespace}/wep", 30).run()
