"""Nodes and pods' statuses, written through the API as a kubelet writes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError

Object = dict[str, Any]
Script = Callable[[Object], Iterator[Object]]
"""Given a pod, yields its statuses, one after the other; None between two means a pause of that many seconds."""

MERGE = "application/merge-patch+json"


def add_node(client: Client, name: str, ready: bool = True, cpu: str = "4") -> None:
    """Register a node with a status."""
    client.request(
        "POST", "/api/v1/nodes", body={"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}}}
    )
    size = {"cpu": cpu, "memory": "8Gi", "pods": "110"}
    conditions = [{"type": "Ready", "status": str(ready), "reason": "Test", "lastHeartbeatTime": None}]
    status = {"status": {"capacity": size, "allocatable": size, "conditions": conditions}}
    client.request("PATCH", f"/api/v1/nodes/{name}/status", body=status, content_type=MERGE)


class Kubelet:
    """Plays a script for every pod of a namespace that is bound to a node."""

    def __init__(self, client: Client, namespace: str, script: Script) -> None:
        self._client = client
        self._path = f"/api/v1/namespaces/{namespace}"
        self._namespace = namespace
        self._script = script
        self._stop = threading.Event()
        self._played: set[str] = set()

    def run(self) -> None:
        """Look for new pods until stopped."""
        while not self._stop.wait(0.1):
            for pod in self._client.get(f"{self._path}/pods")["items"]:
                uid = pod["metadata"]["uid"]
                if pod["metadata"].get("deletionTimestamp"):
                    self._end(pod)
                elif uid not in self._played and pod["spec"].get("nodeName"):
                    self._played.add(uid)
                    threading.Thread(target=self._play, args=(pod,), daemon=True).start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()

    def _play(self, pod: Object) -> None:
        for step in self._script(pod):
            if "pause" in step:
                self._stop.wait(step["pause"])
            elif "event" in step:
                self._say(pod, *step["event"])
            else:
                path = f"{self._path}/pods/{pod['metadata']['name']}/status"
                with suppress(ApiError):  # it may be gone
                    self._client.request("PATCH", path, body={"status": step}, content_type=MERGE)

    def _end(self, pod: Object) -> None:
        """Confirm that a deleted pod has stopped."""
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}}
        with suppress(ApiError):
            self._client.request("DELETE", f"{self._path}/pods/{pod['metadata']['name']}", body=body)

    def _say(self, pod: Object, reason: str, message: str) -> None:
        name = f"{pod['metadata']['name']}.{reason.lower()}"
        about = {
            "kind": "Pod",
            "namespace": self._namespace,
            "name": pod["metadata"]["name"],
            "uid": pod["metadata"]["uid"],
        }
        event = {
            "metadata": {"name": name},
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": "Warning",
        }
        self._client.request("POST", f"{self._path}/events", body=event)


@contextmanager
def kubelet(client: Client, namespace: str, script: Script) -> Iterator[None]:
    """A kubelet for the pods of a namespace."""
    one = Kubelet(client, namespace, script)
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        one.stop()
        thread.join(5)


def waiting(pod: Object, reason: str, message: str = "", restarts: int = 0, exit_code: int | None = None) -> Object:
    """The status of a pod whose container waits."""
    name = pod["spec"]["containers"][0]["name"]
    status: Object = {
        "name": name,
        "ready": False,
        "restartCount": restarts,
        "image": "",
        "imageID": "",
        "state": {"waiting": {"reason": reason, "message": message}},
    }
    if exit_code is not None:
        status["lastState"] = {"terminated": {"exitCode": exit_code, "reason": "Error"}}
    return {"phase": "Pending", "containerStatuses": [status]}


def running(pod: Object) -> Object:
    """The status of a pod that is ready."""
    name = pod["spec"]["containers"][0]["name"]
    status = {"name": name, "ready": True, "restartCount": 0, "image": "", "imageID": "", "state": {"running": {}}}
    return {"phase": "Running", "containerStatuses": [status], "conditions": [{"type": "Ready", "status": "True"}]}


def ended(pod: Object, code: int) -> Object:
    """The status of a pod whose container has ended."""
    name = pod["spec"]["containers"][0]["name"]
    terminated = {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}
    status = {
        "name": name,
        "ready": False,
        "restartCount": 0,
        "image": "",
        "imageID": "",
        "state": {"terminated": terminated},
    }
    return {"phase": "Failed" if code else "Succeeded", "containerStatuses": [status]}
