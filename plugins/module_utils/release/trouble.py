# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Failure acceptors: what in pods and their owners' status shows that waiting longer is in vain.

Pure decisions; the time is given by the caller (seconds of a monotonic clock).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

FINAL_PULL_ERRORS = (
    "not found",
    "notfound",
    "manifest unknown",
    "denied",
    "unauthorized",
    "forbidden",
    "invalid reference",
)
"""Words of a pull error (lower case) that a second try does not mend; others, such as a refused connection, it may."""
FINAL_ADMISSION_ERRORS = ("exceeded quota", "violates podsecurity", "denied the request")
"""Words of a refused pod (lower case) that its controller's next try does not mend."""
SETTLE = 3.0
"""Seconds for which a final error must stand."""


@dataclass(frozen=True)
class Patience:
    """How long trouble is borne."""

    grace: float = 8.0
    """Seconds for pods that cannot be scheduled or whose container cannot be made."""
    restarts: int = 1
    """Restarts of a container in back-off that are borne."""


@dataclass(frozen=True)
class Trouble:
    """Something that keeps a pod from becoming ready."""

    text: str
    container: str = ""
    crashed: bool = False
    needs_nodes: bool = False


@dataclass
class _Seen:
    since: float
    reason: str
    pulls: int = 0
    error: str = ""
    restarts: int = 0


@dataclass
class Acceptors:
    """Remembers what was seen of each container, and says when to give up.

    ``fresh`` pods were made since the release began. Of others a new failure must be seen, however long an old one
    stands: what caused it may have been mended, and a kubelet that backs off tries again only minutes later.
    """

    patience: Patience
    _seen: dict[tuple[str, str], _Seen] = field(default_factory=dict)

    def judge(self, pod: Object, now: float, fresh: bool, crash_counts: bool = True) -> Trouble | None:
        """The trouble that ends the wait for this pod, if there is any."""
        uid = str(pod["metadata"].get("uid"))
        if pod["metadata"].get("deletionTimestamp"):
            return None
        waiting = self._unscheduled(pod, uid, now)
        if waiting:
            return waiting
        for status, name in containers(pod):
            trouble = self._container(status, (uid, name), now, fresh, crash_counts)
            if trouble:
                return trouble
        return None

    def _unscheduled(self, pod: Object, uid: str, now: float) -> Trouble | None:
        for condition in (pod.get("status") or {}).get("conditions") or []:
            if (
                condition.get("type") == "PodScheduled"
                and condition.get("status") == "False"
                and condition.get("reason") == "Unschedulable"
            ):
                seen = self._note((uid, ""), "Unschedulable", now)
                if now - seen.since >= self.patience.grace:
                    return Trouble(
                        f"cannot be scheduled for {now - seen.since:.0f} s: {condition.get('message')}",
                        needs_nodes=True,
                    )
                return None
        self._seen.pop((uid, ""), None)
        return None

    def _container(
        self, status: Object, key: tuple[str, str], now: float, fresh: bool, crash_counts: bool
    ) -> Trouble | None:
        waiting = (status.get("state") or {}).get("waiting") or {}
        reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
        known = key in self._seen
        seen = self._note(key, reason, now, counts=fresh or known)
        restarts = int(status.get("restartCount") or 0)
        if not known:
            seen.restarts = restarts
        text = f"container {key[1]}: {reason}: {message}".rstrip(": ")
        if reason in ("ErrImagePull", "ImagePullBackOff"):
            if reason == "ErrImagePull" or "ErrImagePull" in message or not seen.error:
                seen.error = message
            text = f"container {key[1]}: {reason}: {seen.error or message}"
            return Trouble(text, key[1]) if self._pull_failed(seen, reason, now, fresh) else None
        if reason in ("InvalidImageName", "ErrImageNeverPull"):
            return Trouble(text, key[1])
        if reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError"):
            return Trouble(text, key[1]) if now - seen.since >= self.patience.grace else None
        again = fresh or restarts > seen.restarts
        if reason == "CrashLoopBackOff" and crash_counts and again and restarts > self.patience.restarts:
            last = (status.get("lastState") or {}).get("terminated") or {}
            ended = f"exit code {last.get('exitCode')}" + (f", {last['reason']}" if last.get("reason") else "")
            return Trouble(f"container {key[1]} is in a crash loop: {restarts} restarts, {ended}", key[1], crashed=True)
        return None

    def _pull_failed(self, seen: _Seen, reason: str, now: float, fresh: bool) -> bool:
        """Of pulls since the release began: a final error counts once it was said twice, any other when two failed."""
        if seen.pulls >= 2:
            return True
        if not any(words in seen.error.lower() for words in FINAL_PULL_ERRORS):
            return False
        if fresh:
            return reason == "ImagePullBackOff" or now - seen.since >= SETTLE
        return seen.pulls == 1 and reason == "ImagePullBackOff"

    def _note(self, key: tuple[str, str], reason: str, now: float, counts: bool = True) -> _Seen:
        """What is known of a container; ``counts`` is whether a failed pull that it shows is one of ours."""
        seen = self._seen.setdefault(key, _Seen(now, ""))
        if reason != seen.reason:
            pulling = ("ErrImagePull", "ImagePullBackOff")
            if not (reason in pulling and seen.reason in pulling):
                seen.since = now
            seen.reason = reason
            seen.pulls += counts and reason == "ErrImagePull"
        return seen


def containers(pod: Object) -> Iterator[tuple[Object, str]]:
    """The statuses of a pod's containers, init containers first."""
    status = pod.get("status") or {}
    for key in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(key) or []:
            yield one, str(one.get("name"))


def refused(message: str) -> bool:
    """Whether a controller's message says that its pods are refused for good (quota, policy)."""
    return any(words in message.lower() for words in FINAL_ADMISSION_ERRORS)


def pods_of(owner: Object, pods: Iterable[Object], replica_sets: Iterable[Object]) -> list[Object]:
    """The pods of an owner's current revision; those of an old one say nothing about the new."""
    uid, kind = owner["metadata"].get("uid"), owner.get("kind")
    if kind == "Pod":
        return [pod for pod in pods if pod["metadata"].get("uid") == uid]
    status = owner.get("status") or {}
    if kind in ("Deployment", "StatefulSet", "DaemonSet") and int(status.get("observedGeneration") or 0) < int(
        owner["metadata"].get("generation") or 0
    ):
        return []
    if kind == "Deployment":
        revision = _annotation(owner, "deployment.kubernetes.io/revision")
        current = {
            one["metadata"].get("uid")
            for one in replica_sets
            if _owner(one) == uid and _annotation(one, "deployment.kubernetes.io/revision") == revision
        }
        return [pod for pod in pods if _owner(pod) in current]
    owned = [pod for pod in pods if _owner(pod) == uid]
    if kind == "StatefulSet":
        return [pod for pod in owned if _label(pod, "controller-revision-hash") == status.get("updateRevision")]
    if kind == "DaemonSet":
        generation = _annotation(owner, "deprecated.daemonset.template.generation")
        return [pod for pod in owned if not generation or _label(pod, "pod-template-generation") == generation]
    return owned


def _owner(live: Object) -> Any:
    for reference in live["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return reference.get("uid")
    return None


def _annotation(live: Object, name: str) -> str:
    return str((live["metadata"].get("annotations") or {}).get(name) or "")


def _label(live: Object, name: str) -> str:
    return str((live["metadata"].get("labels") or {}).get(name) or "")
