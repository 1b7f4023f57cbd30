"""Autoscaling under a real load: pods are added and leave again, and no request fails meanwhile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3

from tests.e2e.conftest import PLATFORM, address, drill, kubectl, objects, wait_until

pytestmark = pytest.mark.e2e

LOAD_SECONDS = 240.0
CLIENTS = 6
PATH = "/shop/catalog/products?q=coffee"
NAMESPACE = "autoscaling-drill"


def autoscaler() -> dict[str, Any]:
    [found] = objects("hpa/catalog", "--namespace=shop")
    return found


def ready() -> int:
    [found] = objects("deployment/catalog", "--namespace=shop")
    return int(found["status"].get("readyReplicas", 0))


@contextmanager
def load(answers: Counter[int]) -> Iterator[threading.Event]:
    """Clients that ask one after the other until told to be calm, then one request every half second each.

    They keep their connections: what the machine has is for the catalog, not for handshakes.
    """
    stop, calm = threading.Event(), threading.Event()
    pool = urllib3.PoolManager(maxsize=CLIENTS, ca_certs=str(PLATFORM / "ca.crt"), retries=False, timeout=10)

    def client() -> None:
        while not stop.is_set():
            try:
                answers[pool.request("GET", address() + PATH).status] += 1
            except urllib3.exceptions.HTTPError:
                answers[0] += 1
            if calm.is_set():
                stop.wait(0.5)

    threads = [threading.Thread(target=client, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield calm
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=15)


def test_the_catalog_grows_under_load_and_shrinks_again_without_a_failed_request() -> None:
    least, most = autoscaler()["spec"]["minReplicas"], autoscaler()["spec"]["maxReplicas"]
    wait_until(lambda: ready() == least, 120, "the catalog at rest")
    answers: Counter[int] = Counter()
    with drill(
        "autoscaling.hpa_drill", "11", "The catalog grows under load and shrinks again, no request fails"
    ) as told:
        began = time.monotonic()
        with load(answers) as calm:
            wait_until(lambda: ready() > least, LOAD_SECONDS, "more pods under load", 1.0)
            grown, peak = time.monotonic() - began, ready()
            calm.set()
            since = time.monotonic()
            wait_until(lambda: ready() == least, 150, "fewer pods after the load", 1.0)
            shrunk = time.monotonic() - since
        assert set(answers) == {200}, f"answers by status: {dict(answers)} (0: no answer)"
        assert peak <= most
        told.evidence = (
            f"{least} → {peak} pods {grown:.0f} s after the load began, back to {least} {shrunk:.0f} s after it ended; "
            f"{answers[200]} requests, all answered 200"
        )


WORKLOAD = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {NAMESPACE}, labels: {{app.kubernetes.io/part-of: drill}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: default-deny, namespace: {NAMESPACE}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress, Egress]}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: idle
  namespace: {NAMESPACE}
  labels: &labels {{app.kubernetes.io/name: idle, app.kubernetes.io/part-of: drill}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app.kubernetes.io/name: idle}}}}
  template:
    metadata: {{labels: *labels}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 0
      securityContext: {{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {{type: RuntimeDefault}}}}
      containers:
        - name: idle
          image: IMAGE
          command: [sleep, "3600"]
          readinessProbe: {{exec: {{command: [sleep, "0"]}}}}
          resources: {{requests: {{cpu: 1m, memory: 100Mi}}, limits: {{memory: 200Mi}}}}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {{drop: [ALL]}}
---
apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata: {{name: idle, namespace: {NAMESPACE}}}
spec:
  targetRef: {{apiVersion: apps/v1, kind: Deployment, name: idle}}
  updatePolicy: {{updateMode: Recreate}}
"""

HORIZONTAL = f"""
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: idle, namespace: {NAMESPACE}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: idle}}
  maxReplicas: 3
"""


@pytest.fixture(scope="module")
def idle() -> Iterator[None]:
    """A workload that asks for less than any pod is given, with a vertical autoscaler that acts.

    What asks for too much would be left alone for hours: the recommender's upper bound is wide while it knows little.
    """
    [probe] = objects("daemonset/probe", "--namespace=gantry-verify")
    image = probe["spec"]["template"]["spec"]["containers"][0]["image"]
    kubectl("apply", "--filename=-", stdin=WORKLOAD.replace("IMAGE", image))
    try:
        yield
    finally:
        kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def test_pods_that_ask_for_too_little_are_made_anew_with_more(idle: None) -> None:
    def fitted() -> str:
        pods = objects("pods", f"--namespace={NAMESPACE}")
        requests = [pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] for pod in pods]
        assert any(request != "1m" for request in requests), requests
        return ", ".join(requests)

    with drill("autoscaling.vpa_drill", "29", "Pods that ask for too little are made anew with more") as told:
        requests = wait_until(fitted, 240, "pods with what is recommended", 2.0)
        told.evidence = f"requested 1m each, then {requests}"


def test_a_second_autoscaler_on_one_workload_is_refused(idle: None) -> None:
    def refused() -> str:
        try:
            kubectl("apply", "--dry-run=server", "--filename=-", stdin=HORIZONTAL)
        except AssertionError as error:
            return str(error)
        return ""

    with drill("autoscaling.one_drill", "8", "A second autoscaler on one workload is refused") as told:
        told.evidence = wait_until(refused, 20, "the refusal")[:300]
        assert "one-autoscaler" in told.evidence
