"""Makes faults and ends them. What they are is decided in :mod:`.model`."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.faults import model
from ansible_collections.gantry.platform.plugins.module_utils.faults.model import Fault, FaultError, Object
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target, Waiter
from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError, Pod

MANAGER = "gantry-fault"
"""The field manager's name."""
FILTERS = Kind("networking.istio.io", "v1alpha3", "EnvoyFilter", "envoyfilters", namespaced=True)
STATEFUL_SETS = Kind("apps", "v1", "StatefulSet", "statefulsets", namespaced=True)
PODS = Kind("", "v1", "Pod", "pods", namespaced=True)
READY_SECONDS = 120.0
PROVIDER = "payment-provider"


def _ended(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


@dataclass
class Injection:
    """One fault in one cluster. `namespace` is the shop's, `data` its stores', in which the broker is `broker`."""

    client: Client
    cluster: Cluster
    fault: Fault
    namespace: str = "shop"
    data: str = "data"
    broker: str = "nats"

    def run(self, check: bool = False) -> dict[str, Any]:
        """Make the fault, wait for its time to pass, end it; with `check` only look whether it could be made.

        It ends too where this process is told to end meanwhile. Raises FaultError.
        """
        began = time.monotonic()
        try:
            if self.fault.name == "none":
                cleared = self.clear(check)
                return {"changed": bool(cleared), "done": cleared, "seconds": 0.0}
            if check:
                self._look()
            else:
                with self._undone_at_the_end():
                    getattr(self, f"_{self.fault.name}")()
        except (ReleaseError, ClusterError) as error:
            raise FaultError(f"{self.fault.name}: {error}") from error
        return {"changed": True, "done": [self.fault.told], "seconds": round(time.monotonic() - began, 1)}

    @contextmanager
    def _undone_at_the_end(self) -> Iterator[None]:
        before = signal.signal(signal.SIGTERM, _ended)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # told twice, it still cleans up
            self.clear()
            signal.signal(signal.SIGTERM, before)

    def clear(self, check: bool = False) -> list[str]:
        """End every fault, also those of others; returns what was (with `check`: would be) done."""
        done: list[str] = []
        for item in (self.client.find(FILTERS.path(self.namespace), labelSelector=model.MARK) or {}).get("items") or []:
            name = item["metadata"]["name"]
            done.append(f"EnvoyFilter {name} removed")
            if not check:
                self._delete(FILTERS.path(self.namespace, name))
        for live in self._brokers():
            if (replicas := model.remembered(live)) is not None:
                done.append(f"StatefulSet {live['metadata']['name']} scaled to {replicas}")
                if not check:
                    self._restore(live, replicas)
        if self.fault.name in model.PAYMENT or self.fault.name == "none":
            for pod in self._pods(PROVIDER):
                if self.fault.name == "none":
                    done.append(f"faults of {pod.name} cleared")
                if not check:
                    self._provider(pod, {})
        return done

    # What each fault does

    def _latency(self) -> None:
        filter_ = model.envoy_filter(self.fault, self.namespace)
        self._apply(FILTERS, filter_)
        self._wait()

    _errors = _latency

    def _payment_errors(self) -> None:
        for pod in self._needed(PROVIDER):
            self._provider(pod, model.provider_faults(self.fault, datetime.now(UTC)))
        self._wait()

    _payment_latency = _payment_lost = _payment_errors

    def _slow_database(self) -> None:
        pod = self._needed(self.fault.service)[0]
        command = ["python3", "-c", model.SLOW_DATABASE, str(self.fault.seconds), str(self.fault.milliseconds)]
        self._execute(pod, command, self.fault.seconds + 30.0)

    def _broker_stop(self) -> None:
        for live in self._needed_brokers():
            replicas = int(live["spec"].get("replicas", 1))
            if replicas:
                self._apply(STATEFUL_SETS, model.scaled(live, 0, remember=replicas))
        self._wait()

    def _pod_kill(self) -> None:
        pod = self._needed(self.fault.service)[0]
        path = PODS.path(pod.namespace, pod.name)
        self.client.request("DELETE", path, {"gracePeriodSeconds": "0"})
        self._wait()

    # Steps

    def _look(self) -> None:
        """Raise where there is nothing that the fault could happen to."""
        if self.fault.name == "broker_stop":
            self._needed_brokers()
        else:
            self._needed(PROVIDER if self.fault.name in model.PAYMENT else self.fault.service)

    def _wait(self) -> None:
        time.sleep(self.fault.seconds)

    def _pods(self, service: str) -> list[Pod]:
        selector = f"app.kubernetes.io/name={service}"
        return [pod for pod in self.cluster.pods(self.namespace, selector) if pod.ready]

    def _needed(self, service: str) -> list[Pod]:
        found = self._pods(service)
        if not found:
            raise FaultError(
                f"{self.fault.name}: no pod of {service} is ready in namespace {self.namespace}: is the shop switched "
                "on (shop_enabled), and has site run since?"
            )
        return found

    def _brokers(self) -> list[Object]:
        path, selector = STATEFUL_SETS.path(self.data), f"app.kubernetes.io/name={self.broker}"
        items = (self.client.find(path, labelSelector=selector) or {}).get("items") or []
        return [{"apiVersion": STATEFUL_SETS.api_version, "kind": STATEFUL_SETS.name, **item} for item in items]

    def _needed_brokers(self) -> list[Object]:
        found = self._brokers()
        if not found:
            raise FaultError(
                f"{self.fault.name}: namespace {self.data} has no StatefulSet with the label "
                f"app.kubernetes.io/name={self.broker}: is the shop switched on (shop_enabled)?"
            )
        return found

    def _restore(self, live: Object, replicas: int) -> None:
        """Scale back, let go of the field where that leaves it as it is, and wait until it is ready."""
        restored = self._apply(STATEFUL_SETS, model.scaled(live, replicas, remember=None))
        ref = Ref("apps", "StatefulSet", self.data, live["metadata"]["name"])
        if replicas == 1:  # what the API server fills in where nobody says a number
            restored = self._apply(STATEFUL_SETS, model.released(live))
        Waiter(self.client, READY_SECONDS, selector="").ready([Target(ref, STATEFUL_SETS, restored)])

    def _apply(self, kind: Kind, item: Object) -> Object:
        metadata = item["metadata"]
        query = {"fieldManager": MANAGER, "force": "true"}
        path = kind.path(metadata["namespace"], metadata["name"])
        return self.client.request("PATCH", path, query, item, APPLY)[1]

    def _delete(self, path: str) -> None:
        try:
            self.client.request("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise

    def _provider(self, pod: Pod, faults: Object) -> None:
        self._execute(pod, ["python3", "-c", model.PUT_FAULTS, json.dumps(faults)], 30.0)

    def _execute(self, pod: Pod, command: list[str], seconds: float) -> None:
        out = Cluster(self.cluster.kubeconfig, seconds).run(pod, _container(pod), command)
        if out.code:
            raise FaultError(f"{self.fault.name}: in pod {pod.name}: {out.text[-600:]}")


def _container(pod: Pod) -> str:
    """The service's own container: the first that is not the mesh's."""
    return next((name for name in pod.containers if name != "istio-proxy"), "")
