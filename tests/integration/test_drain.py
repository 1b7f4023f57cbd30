"""Nodes that are drained, take pods again, and are removed, with Kubernetes' own controllers and scheduler."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.drain import Nodes, NodesError
from ansible_collections.gantry.platform.plugins.module_utils.release.client import MERGE, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load

from tests.integration.api_server import ApiServer
from tests.integration.conftest import Object, Releases
from tests.integration.kubelet import add_node, kubelet, running

NUMBERS = itertools.count(1)


@pytest.fixture
def impatient(controlled: ApiServer) -> Client:
    """A client that takes the first no for an answer."""
    return Client(load(str(controlled.kubeconfig), None), retry_seconds=0.1)


@pytest.fixture
def node(impatient: Client) -> str:
    """A ready node of its own."""
    name = f"drain-{next(NUMBERS)}"
    add_node(impatient, name)
    return name


def starts(pod: Object) -> Iterator[Object]:
    yield running(pod)


def deployment(node: str, replicas: int = 2) -> Object:
    """Pods that may run on one node only."""
    labels = {"app": "web"}
    pod = {
        "nodeSelector": {"kubernetes.io/hostname": node},
        "containers": [{"name": "app", "image": "example.org/web:9"}],
    }
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def on(client: Client, node: str) -> set[str]:
    found = client.get("/api/v1/pods", fieldSelector=f"spec.nodeName={node}")["items"]
    return {one["metadata"]["name"] for one in found}


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_node_is_drained_and_takes_pods_again(release: Releases, impatient: Client, node: str) -> None:
    with kubelet(impatient, release.namespace, starts):
        release([deployment(node)], wait_timeout=30)
        before = on(impatient, node)
        assert len(before) == 2

        told = Nodes(impatient, (), check=True)
        told.drain([node], force=False, seconds=20)
        assert told.changes.drained == [node]
        assert told.changes.moved == sorted(f"{release.namespace}/{name}" for name in before)
        assert on(impatient, node) == before
        assert not impatient.get(f"/api/v1/nodes/{node}")["spec"].get("unschedulable")

        done = Nodes(impatient, ())
        done.drain([node], force=False, seconds=20)
        assert done.changes == told.changes
        assert not on(impatient, node)
        assert impatient.get(f"/api/v1/nodes/{node}")["spec"]["unschedulable"]

        again = Nodes(impatient, ())
        again.drain([node], force=False, seconds=20)
        assert (again.changes.drained, again.changes.moved) == ([], [])

        back = Nodes(impatient, ())
        back.uncordon([node])
        assert back.changes.uncordoned == [node]
        until(lambda: len(on(impatient, node)) == 2)
        back = Nodes(impatient, ())
        back.uncordon([node])
        assert back.changes.uncordoned == []


def test_a_budget_that_forbids_it_is_named(release: Releases, impatient: Client, node: str) -> None:
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
    }
    path = f"/apis/policy/v1/namespaces/{release.namespace}/poddisruptionbudgets/web"
    with kubelet(impatient, release.namespace, starts):
        release([deployment(node), budget], wait_timeout=30)
        until(lambda: impatient.get(path)["status"].get("currentHealthy") == 2)
        with pytest.raises(NodesError, match=r"not drained after 3 s.*disruption budget.*It stays cordoned"):
            Nodes(impatient, ()).drain([node], force=False, seconds=3)
        assert len(on(impatient, node)) == 2


def test_a_pod_that_nobody_makes_anew_stops_it_before_anything_is_moved(
    release: Releases, impatient: Client, node: str
) -> None:
    pod = {
        "metadata": {"name": "bare"},
        "spec": {"nodeName": node, "containers": [{"name": "app", "image": "example.org/web:9"}]},
    }
    impatient.request("POST", f"/api/v1/namespaces/{release.namespace}/pods", body=pod)
    with kubelet(impatient, release.namespace, starts):
        with pytest.raises(NodesError, match=rf"{release.namespace}/bare.*remediation_force=true"):
            Nodes(impatient, ()).drain([node], force=False, seconds=10)
        assert not impatient.get(f"/api/v1/nodes/{node}")["spec"].get("unschedulable")
        Nodes(impatient, ()).drain([node], force=True, seconds=10)
    assert not on(impatient, node)


def test_pods_of_a_node_that_dies_meanwhile_do_not_hold_it_up(release: Releases, impatient: Client, node: str) -> None:
    """No kubelet confirms their end."""
    with kubelet(impatient, release.namespace, starts):
        release([deployment(node)], wait_timeout=30)
    dead = {"status": {"conditions": [{"type": "Ready", "status": "Unknown", "message": "Kubelet stopped posting"}]}}
    impatient.request("PATCH", f"/api/v1/nodes/{node}/status", body=dead, content_type=MERGE)
    done = Nodes(impatient, ())
    done.remove([node], remove_volumes=False, seconds=20)
    assert done.changes.removed == [node]
    assert impatient.find(f"/api/v1/nodes/{node}") is None
    again = Nodes(impatient, ())
    again.remove([node], remove_volumes=False, seconds=20)
    assert again.changes.removed == []


def test_a_node_that_holds_the_only_copy_is_removed_on_demand_only(
    release: Releases, impatient: Client, node: str
) -> None:
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    size = {"storage": "1Gi"}
    modes = ["ReadWriteOnce"]
    volume = {
        "metadata": {"name": f"data-{node}"},
        "spec": {
            "capacity": size,
            "accessModes": modes,
            "local": {"path": "/data"},
            "claimRef": {"namespace": release.namespace, "name": "data"},
            "persistentVolumeReclaimPolicy": "Retain",
            "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
        },
    }
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": modes,
            "resources": {"requests": size},
            "storageClassName": "",
            "volumeName": f"data-{node}",
        },
    }
    path = f"/api/v1/persistentvolumes/data-{node}"
    impatient.request("POST", "/api/v1/persistentvolumes", body=volume)
    impatient.request("POST", f"/api/v1/namespaces/{release.namespace}/persistentvolumeclaims", body=claim)
    until(lambda: impatient.get(path)["status"].get("phase") == "Bound", 30)
    with pytest.raises(NodesError, match=rf"only copy of {release.namespace}/data.*remediation_remove_volumes=true"):
        Nodes(impatient, ()).remove([node], remove_volumes=False, seconds=20)
    assert not impatient.get(f"/api/v1/nodes/{node}")["spec"].get("unschedulable")
    Nodes(impatient, ()).remove([node], remove_volumes=True, seconds=20)
    assert impatient.find(f"/api/v1/nodes/{node}") is None
    until(lambda: impatient.find(path) is None)


def test_a_control_plane_is_not_removed_and_an_unknown_node_is_told(impatient: Client, node: str) -> None:
    label = {"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}}
    impatient.request("PATCH", f"/api/v1/nodes/{node}", body=label, content_type=MERGE)
    with pytest.raises(NodesError, match="is a control plane"):
        Nodes(impatient, ()).remove([node], remove_volumes=True, seconds=5)
    with pytest.raises(NodesError, match=rf"remediation_node: there is no node 'nobody'. There are: .*{node}"):
        Nodes(impatient, ()).drain(["nobody"], force=True, seconds=5)
