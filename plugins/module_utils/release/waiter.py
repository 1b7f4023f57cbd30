# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Waits for many objects at once by watch, and gives up as soon as their pods show that it is in vain."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref
from ansible_collections.gantry.platform.plugins.module_utils.release.readiness import (
    Condition,
    State,
    condition_of,
    endpoints_ready,
    state,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.trouble import (
    Acceptors,
    Patience,
    Trouble,
    pods_of,
    refused,
)

POD = Kind("", "v1", "Pod", "pods", namespaced=True)
EVENT = Kind("", "v1", "Event", "events", namespaced=True)
NODE = Kind("", "v1", "Node", "nodes", namespaced=False)
REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets", namespaced=True)
ENDPOINT_SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", namespaced=True)

WITH_PODS = {
    ("", "Pod"), ("", "ReplicationController"), ("apps", "DaemonSet"), ("apps", "Deployment"),
    ("apps", "ReplicaSet"), ("apps", "StatefulSet"), ("batch", "Job"),
}  # fmt: skip
TICK = 1.0
"""Seconds between two looks at what only time decides (graces, the deadline)."""
TOLD = 3
"""Pods whose events and log lines are told in a message."""
LOG_LINES = 8

Object = dict[str, Any]
Source = tuple[Kind, str]


@dataclass(frozen=True)
class Target:
    """An object to wait for, and what is known of it."""

    ref: Ref
    kind: Kind
    live: Object | None

    @property
    def source(self) -> Source:
        """The collection to watch for it."""
        return self.kind, self.ref.namespace

    @property
    def has_pods(self) -> bool:
        """Whether its readiness hangs on pods."""
        return (self.ref.group, self.ref.kind) in WITH_PODS


@dataclass
class Waiter:
    """Waits for the objects of one release."""

    client: Client
    timeout: float
    """Seconds after which the wait is given up."""
    selector: str
    """Label selector of the release's members."""
    conditions: tuple[Condition, ...] = ()
    patience: Patience = field(default_factory=Patience)
    began: float = field(default_factory=time.time)
    """When the release began (seconds since the epoch): pods made since are its own doing."""

    def ready(self, targets: Iterable[Target]) -> None:
        """Wait until all objects are ready.

        :raises ReleaseError: One failed, or time is up; the text tells which, why, and what their pods say.
        """
        waiting = [target for target in targets if not (target.live and state(target.live, self.conditions).ready)]
        if waiting:
            _Wait(self, waiting).run()

    def gone(self, targets: Iterable[Target]) -> None:
        """Wait until all objects are deleted."""
        waiting = {target.ref: target for target in targets}
        deadline = time.monotonic() + self.timeout
        pause = 0.05
        while True:
            waiting = {ref: target for ref, target in waiting.items() if self._is_there(target)}
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise ReleaseError(
                    f"not deleted after {self.timeout:.0f} s: {', '.join(map(str, waiting))}."
                    " Look at their metadata.finalizers: who holds them?"
                )
            time.sleep(pause)
            pause = min(pause * 2, TICK)

    def serving(self, services: Iterable[Ref]) -> None:
        """Wait until each of these services has an endpoint that takes traffic."""
        deadline = time.monotonic() + self.timeout
        for service in services:
            self._serving(service, deadline)

    def _serving(self, service: Ref, deadline: float) -> None:
        path = ENDPOINT_SLICE.path(service.namespace)
        selector = f"kubernetes.io/service-name={service.name}"
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), self.client.end_watches)
        timer.daemon = True
        timer.start()
        slices: dict[str, Object] = {}
        try:
            for event in self.client.watch(path, labelSelector=selector):
                _keep(slices, event)
                if endpoints_ready(slices.values()):
                    return
        finally:
            timer.cancel()
        raise ReleaseError(
            f"{service} has no ready endpoint after {self.timeout:.0f} s, so the webhooks that it serves"
            " were not registered. Look at the pods it selects"
        )

    def _is_there(self, target: Target) -> bool:
        live = self.client.find(target.kind.path(target.ref.namespace, target.ref.name))
        uid = ((target.live or {}).get("metadata") or {}).get("uid")
        return live is not None and (uid is None or live["metadata"].get("uid") == uid)


class _Wait:
    """One wait: watches feed a queue, one loop judges."""

    def __init__(self, waiter: Waiter, targets: list[Target]) -> None:
        self._client = waiter.client
        self._waiter = waiter
        self._targets = targets
        self._acceptors = Acceptors(waiter.patience)
        self._known: dict[Source, dict[str, Object]] = {}
        self._queue: queue.SimpleQueue[tuple[Source, Object] | ReleaseError] = queue.SimpleQueue()
        self._started = time.monotonic()
        self._began = waiter.began

    def run(self) -> None:
        for source, query in self._sources().items():
            threading.Thread(target=self._follow, args=(source, query), daemon=True).start()
        try:
            while self._pending():
                self._judge()
                self._take()
        finally:
            self._client.end_watches()

    # -- what is watched ---------------------------------------------------------------------------------------------

    def _sources(self) -> dict[Source, dict[str, str]]:
        sources = {target.source: {"labelSelector": self._waiter.selector} for target in self._targets}
        for target in self._targets:
            if not target.has_pods:
                continue
            sources[POD, target.ref.namespace] = {}  # pods do not carry the release's label
            sources.setdefault((EVENT, target.ref.namespace), {"fieldSelector": "reason=FailedCreate"})
            if target.ref.kind == "Deployment":
                sources[REPLICA_SET, target.ref.namespace] = {}
        return sources

    def _follow(self, source: Source, query: dict[str, str]) -> None:
        kind, namespace = source
        try:
            for event in self._client.watch(kind.path(namespace), **query):
                self._queue.put((source, event))
        except ApiError as error:
            if error.status == 403 and kind in (POD, EVENT, REPLICA_SET):
                return  # without these the wait knows less, but it can wait
            self._queue.put(ReleaseError(f"Cannot watch {kind.plural}: {error}"))
        except ReleaseError as error:
            self._queue.put(error)

    def _take(self) -> None:
        """Take in what the watches saw: wait for the first event, then take all that are there."""
        try:
            item = self._queue.get(timeout=TICK)
            while True:
                if isinstance(item, ReleaseError):
                    raise item
                source, event = item
                _keep(self._known.setdefault(source, {}), event)
                item = self._queue.get_nowait()
        except queue.Empty:
            return

    # -- what is decided ---------------------------------------------------------------------------------------------

    def _live(self, target: Target) -> Object | None:
        return self._known.get(target.source, {}).get(
            target.ref.name, None if target.source in self._known else target.live
        )

    def _state(self, target: Target) -> State:
        live = self._live(target)
        return state(live, self._waiter.conditions) if live else State(False, "it is not there")

    def _pending(self) -> list[Target]:
        return [target for target in self._targets if not self._state(target).ready]

    def _judge(self) -> None:
        now = time.monotonic()
        pending = self._pending()
        lines = [line for target in pending if (line := self._failure(target, now))]
        if lines:
            raise ReleaseError(f"not ready after {now - self._started:.1f} s, and will not be:\n" + "\n".join(lines))
        if now - self._started > self._waiter.timeout:
            lines = [self._account(target) for target in pending]
            raise ReleaseError(f"not ready after {self._waiter.timeout:.0f} s:\n" + "\n".join(lines))

    def _failure(self, target: Target, now: float) -> str:
        """What ends the wait for this object, or nothing."""
        live = self._live(target)
        if not live:
            return ""
        verdict = state(live, self._waiter.conditions)
        if verdict.failed:
            return f"- {target.ref}: {verdict.message}" + self._told(self._pods(live, target))
        refusal = self._refusal(live, target)
        if refusal:
            return f"- {target.ref}: its pods are refused: {refusal}"
        for pod in self._pods(live, target):
            trouble = self._acceptors.judge(pod, now, self._is_fresh(pod), crash_counts=target.ref.kind != "Job")
            if trouble and not (trouble.needs_nodes and not self._nodes_are_ready()):
                return f"- {target.ref}: pod {pod['metadata']['name']} {trouble.text}" + self._told([pod], trouble)
        return ""

    def _refusal(self, live: Object, target: Target) -> str:
        """A refusal of pods by quota or policy, from the owner's status or its events since the wait began."""
        failure = condition_of(live, "ReplicaFailure")
        if failure.get("status") == "True" and refused(str(failure.get("message"))):
            return str(failure["message"])
        for event in self._known.get((EVENT, target.ref.namespace), {}).values():
            about = (event.get("involvedObject") or {}).get("uid") == live["metadata"].get("uid")
            if about and refused(str(event.get("message"))) and _seconds(_stamp(event)) >= self._began - 5:
                return str(event["message"])
        return ""

    def _pods(self, live: Object, target: Target) -> list[Object]:
        namespace = target.ref.namespace
        if not target.has_pods:
            return []
        return pods_of(
            live, self._known.get((POD, namespace), {}).values(), self._known.get((REPLICA_SET, namespace), {}).values()
        )

    def _is_fresh(self, pod: Object) -> bool:
        return _seconds(str(pod["metadata"].get("creationTimestamp") or "")) >= self._began - 5

    def _nodes_are_ready(self) -> bool:
        try:
            nodes = self._client.get(NODE.path())["items"]
        except ReleaseError:
            return True
        return all(condition_of(node, "Ready").get("status") == "True" for node in nodes)

    # -- what is told ------------------------------------------------------------------------------------------------

    def _account(self, target: Target) -> str:
        live = self._live(target)
        pods = (
            [pod for pod in self._pods(live, target) if condition_of(pod, "Ready").get("status") != "True"]
            if live
            else []
        )
        return f"- {target.ref}: {self._state(target).message}" + self._told(pods)

    def _told(self, pods: list[Object], trouble: Trouble | None = None) -> str:
        lines: list[str] = []
        for pod in pods[:TOLD]:
            metadata = pod["metadata"]
            if not trouble:
                lines.append(f"  pod {metadata['name']} is {(pod.get('status') or {}).get('phase', 'new')}")
            lines += [f"  event: {line}" for line in self._events(pod)]
            lines += [f"  log: {line}" for line in self._log(pod, trouble)]
        return "".join(f"\n{line}" for line in lines)

    def _events(self, pod: Object) -> list[str]:
        metadata = pod["metadata"]
        try:
            events = self._client.get(
                EVENT.path(metadata["namespace"]), fieldSelector=f"involvedObject.uid={metadata['uid']}"
            )["items"]
        except ReleaseError:
            return []
        events.sort(key=lambda event: _seconds(_stamp(event)))
        return [f"{event.get('reason')}: {event.get('message')}" for event in events[-3:]]

    def _log(self, pod: Object, trouble: Trouble | None) -> list[str]:
        name = trouble.container if trouble else ""
        query = {
            "tailLines": str(LOG_LINES),
            **({"container": name} if name else {}),
            **({"previous": "true"} if trouble and trouble.crashed else {}),
        }
        started = any(
            (status.get("state") or {}).keys() & {"running", "terminated"} or status.get("restartCount")
            for status in _statuses(pod)
        )
        if not started:
            return []
        try:
            return self._client.text(
                POD.path(pod["metadata"]["namespace"], pod["metadata"]["name"]) + "/log", **query
            ).splitlines()
        except ReleaseError:
            return []


def _statuses(pod: Object) -> list[Object]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _keep(known: dict[str, Object], event: Object) -> None:
    """Take one event of a watch into what is known of its collection."""
    if event["type"] == "RESET":
        known.clear()
        return
    name = event["object"].get("metadata", {}).get("name")
    if event["type"] == "DELETED":
        known.pop(name, None)
    elif name:
        known[name] = event["object"]


def _stamp(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def _seconds(stamp: str) -> float:
    """Seconds since the epoch of an RFC 3339 time, 0 for none."""
    import calendar

    return float(calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))) if len(stamp) >= 19 else 0.0
