"""Waits that end well, and waits that end early because they are in vain, with Kubernetes' own controllers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, Releases, config_map
from tests.integration.kubelet import add_node, ended, kubelet, running, waiting

NOT_FOUND = 'rpc error: code = NotFound desc = failed to pull image "example.org/web:9": not found'


def pods(**spec: object) -> Object:
    """A pod template."""
    container = {"name": "app", "image": "example.org/web:9"}
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container], **spec}}


def deployment(name: str = "web", replicas: int = 1, **spec: object) -> Object:
    template = pods(**spec)
    selector = {"matchLabels": {"app": "web"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    }


def stateful_set() -> Object:
    spec = {**deployment()["spec"], "serviceName": "web"}
    return {**deployment(), "kind": "StatefulSet", "spec": spec}


def job(backoff: int = 0) -> Object:
    template = pods(restartPolicy="Never")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate"},
        "spec": {"backoffLimit": backoff, "template": template},
    }


@pytest.fixture(scope="module", autouse=True)
def node(controlled: ApiServer, client: Client) -> str:
    """A ready node."""
    add_node(client, "node-1")
    return "node-1"


def starts(pod: Object) -> Iterator[Object]:
    yield {"pause": 0.3}
    yield running(pod)


def test_all_workloads_are_waited_for_at_once(release: Releases, client: Client) -> None:
    daemon_set = deployment("agent")
    daemon_set["kind"] = "DaemonSet"
    del daemon_set["spec"]["replicas"]
    daemon_set["spec"]["template"]["metadata"]["labels"] = {"app": "agent"}
    daemon_set["spec"]["selector"] = {"matchLabels": {"app": "agent"}}
    objects = [deployment(replicas=3), stateful_set(), daemon_set, config_map("one")]
    objects[1]["metadata"] = {"name": "db"}
    with kubelet(client, release.namespace, starts):
        result = release(objects, wait_timeout=60)
        assert result["seconds"]["wait"] >= 0.3
        assert not release(objects)["changed"]
    live = client.get(f"/apis/apps/v1/namespaces/{release.namespace}/deployments/web")
    assert live["status"]["availableReplicas"] == 3


def test_a_job_is_waited_for_until_it_is_complete(release: Releases, client: Client) -> None:
    def works(pod: Object) -> Iterator[Object]:
        yield {"pause": 0.3}
        yield ended(pod, 0)

    with kubelet(client, release.namespace, works):
        release([job()], wait_timeout=60)
    live = client.get(f"/apis/batch/v1/namespaces/{release.namespace}/jobs/migrate")
    assert live["status"]["succeeded"] == 1


def test_an_image_that_does_not_exist(release: Releases, client: Client) -> None:
    def has_no_image(pod: Object) -> Iterator[Object]:
        yield {"event": ("Failed", f"Failed to pull image: {NOT_FOUND}")}
        yield waiting(pod, "ErrImagePull", NOT_FOUND)
        yield {"pause": 0.5}
        yield waiting(pod, "ImagePullBackOff", 'Back-off pulling image "example.org/web:9"')

    with kubelet(client, release.namespace, has_no_image):
        started = time.monotonic()
        message = release.fails([deployment(), config_map("one")])["msg"]
    assert time.monotonic() - started < 6
    assert f"Deployment {release.namespace}/web: pod web-" in message
    assert f"container app: ImagePullBackOff: {NOT_FOUND}" in message
    assert f"event: Failed: Failed to pull image: {NOT_FOUND}" in message


def test_a_registry_that_answers_at_the_second_try(release: Releases, client: Client) -> None:
    def has_a_slow_registry(pod: Object) -> Iterator[Object]:
        yield waiting(pod, "ErrImagePull", "dial tcp 10.90.0.1:5000: connect: connection refused")
        yield {"pause": 0.5}
        yield waiting(pod, "ImagePullBackOff", "Back-off pulling image")
        yield {"pause": 0.5}
        yield running(pod)

    with kubelet(client, release.namespace, has_a_slow_registry):
        release([deployment()], wait_timeout=60)


def test_a_registry_that_does_not_answer_twice(release: Releases, client: Client) -> None:
    refused = "dial tcp 10.90.0.1:5000: connect: connection refused"

    def has_no_registry(pod: Object) -> Iterator[Object]:
        for _ in range(2):
            yield waiting(pod, "ErrImagePull", refused)
            yield {"pause": 0.5}
            yield waiting(pod, "ImagePullBackOff", "Back-off pulling image")
            yield {"pause": 0.5}

    with kubelet(client, release.namespace, has_no_registry):
        assert refused in release.fails([stateful_set()], wait_timeout=60)["msg"]


def test_a_back_off_from_before_is_waited_for(release: Releases, client: Client) -> None:
    """The image was missing, and is there since: the kubelet's next pull brings it, later than any patience."""
    mended = threading.Event()

    def has_it_later(pod: Object) -> Iterator[Object]:
        yield waiting(pod, "ErrImagePull", NOT_FOUND)
        yield {"pause": 0.3}
        yield waiting(pod, "ImagePullBackOff", f"Back-off pulling image: {NOT_FOUND}")
        assert mended.wait(60)
        yield {"pause": 10}  # beyond every grace
        yield running(pod)

    with kubelet(client, release.namespace, has_it_later):
        assert NOT_FOUND in release.fails([deployment()])["msg"]
        time.sleep(6)  # pods made within seconds before a release count as its own
        mended.set()
        assert release([deployment()], wait_timeout=60)["seconds"]["wait"] >= 8


def test_a_crash_loop(release: Releases, client: Client) -> None:
    def crashes(pod: Object) -> Iterator[Object]:
        for restarts in (1, 2):
            yield {"pause": 0.3}
            yield waiting(pod, "CrashLoopBackOff", "back-off 10s", restarts, exit_code=3)

    with kubelet(client, release.namespace, crashes):
        message = release.fails([deployment()], wait_timeout=60)["msg"]
    assert "container app is in a crash loop: 2 restarts, exit code 3, Error" in message


def test_a_failed_job(release: Releases, client: Client) -> None:
    def fails(pod: Object) -> Iterator[Object]:
        yield {"pause": 0.2}
        yield ended(pod, 1)

    with kubelet(client, release.namespace, fails):
        message = release.fails([job()], wait_timeout=60)["msg"]
    assert f"Job {release.namespace}/migrate: the job failed (BackoffLimitExceeded" in message


def test_a_pod_that_fits_nowhere(release: Releases) -> None:
    large = deployment()
    large["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "64"}}
    started = time.monotonic()
    message = release.fails([large], unschedulable_grace=2)["msg"]
    assert 2 <= time.monotonic() - started < 8
    assert "cannot be scheduled for" in message
    assert "Insufficient cpu" in message


def test_a_pod_that_waits_for_a_node_is_borne(release: Releases, client: Client) -> None:
    add_node(client, "coming", ready=False)
    large = deployment()
    large["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "64"}}
    try:
        message = release.fails([large], unschedulable_grace=1, wait_timeout=4)["msg"]
    finally:
        client.request("DELETE", "/api/v1/nodes/coming")
    assert "not ready after 4 s" in message
    assert "0 of 1 replicas available" in message


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_an_exceeded_quota(kind: str, release: Releases, client: Client) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{release.namespace}/resourcequotas"
    client.request("POST", path, body=quota)
    while not client.get(f"{path}/none").get("status", {}).get("hard"):
        time.sleep(0.1)
    message = release.fails([deployment() if kind == "Deployment" else stateful_set()], wait_timeout=60)["msg"]
    assert f"{kind} {release.namespace}/web: its pods are refused:" in message
    assert "exceeded quota: none" in message


def test_the_pods_of_an_old_revision_do_not_count(release: Releases, client: Client) -> None:
    def runs_from_image_10_on(pod: Object) -> Iterator[Object]:
        if pod["spec"]["containers"][0]["image"].endswith(":9"):
            yield waiting(pod, "ErrImagePull", NOT_FOUND)
            yield waiting(pod, "ImagePullBackOff", "Back-off")
        else:
            yield {"pause": 1}
            yield running(pod)

    mended = deployment()
    mended["spec"]["template"]["spec"]["containers"][0]["image"] = "example.org/web:10"
    mended["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 0
    with kubelet(client, release.namespace, runs_from_image_10_on):
        release.fails([deployment()])
        path = f"/api/v1/namespaces/{release.namespace}/pods"
        release([mended], wait=False)
        for pod in client.get(path)["items"]:  # no kubelet ends pods here
            if pod["spec"]["containers"][0]["image"].endswith(":9"):
                body = {"gracePeriodSeconds": 0}
                client.request("DELETE", f"{path}/{pod['metadata']['name']}", body=body)
        release([mended], wait_timeout=60)


def test_time_is_up(release: Releases, client: Client) -> None:
    def hangs(pod: Object) -> Iterator[Object]:
        yield {"event": ("FailedMount", 'secret "keys" not found')}
        yield waiting(pod, "ContainerCreating")

    with kubelet(client, release.namespace, hangs):
        message = release.fails([deployment()], wait_timeout=2)["msg"]
    assert "not ready after 2 s" in message
    assert "0 of 1 replicas available" in message
    assert 'event: FailedMount: secret "keys" not found' in message


def test_a_terminating_namespace_is_waited_for(release: Releases, controlled: ApiServer, client: Client) -> None:
    name = f"{release.namespace}-again"
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, config_map("one")]
    release(objects, namespace=name)
    client.request("DELETE", f"/api/v1/namespaces/{name}")
    result = release(objects, namespace=name, wait_timeout=30)
    assert result["counts"]["created"] == 2
    client.get(f"/api/v1/namespaces/{name}/configmaps/one")
