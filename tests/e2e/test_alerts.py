"""Faults that are injected, and their alerts at the receiver: when they arrive, and that they end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.conftest import CONTRACT, PLATFORM, drill, kubectl, query, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not CONTRACT.get("prometheus_enabled"), reason="prometheus is not switched on"),
]

ASK = """
import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8080/deliveries?" + sys.argv[1]).read().decode())
"""


def deliveries(name: str, status: str, since: float) -> list[dict[str, Any]]:
    """What the receiver got of an alert since a moment (seconds since the epoch)."""
    wanted = f"name={name}&status={status}&since={since}"
    answer = kubectl("-n", "monitoring", "exec", "alert-receiver-0", "--", "python3", "-c", ASK, wanted)
    found: list[dict[str, Any]] = json.loads(answer)["deliveries"]
    return found


def arrival(name: str, status: str, since: float, within: float, **labels: str) -> float:
    """Seconds from a moment until the alert with these labels arrived."""

    def arrived() -> list[float]:
        return [
            float(one["received"])
            for one in deliveries(name, status, since)
            if labels.items() <= dict(one["labels"]).items()
        ]

    return wait_until(arrived, within, f"{name} {status}", pause=1)[0] - since


@contextmanager
def nowhere(daemonset: str) -> Iterator[None]:
    """No node runs the pods of a DaemonSet."""
    path = "/spec/template/spec/nodeSelector"
    namespace, _, name = daemonset.partition("/")
    patch = ("-n", namespace, "patch", "daemonset", name, "--type=json", "-p")
    kubectl(*patch, json.dumps([{"op": "add", "path": path, "value": {"drill": "nowhere"}}]))
    try:
        yield
    finally:
        kubectl(*patch, json.dumps([{"op": "remove", "path": path}]))
        kubectl("-n", namespace, "rollout", "status", f"daemonset/{name}", "--timeout=90s")


def test_the_alert_of_a_component_that_is_gone_arrives_within_a_minute_and_ends() -> None:
    component = {"component": "node-exporter/node-exporter"}
    assert query('ALERTS{alertname="ComponentDown", alertstate="firing"}') == []
    with drill(
        "prometheus.alert_drill", "20", "The alert of an injected fault arrives within a minute, and ends"
    ) as told:
        began = time.time()
        with nowhere("node-exporter/node-exporter"):
            seconds = arrival("ComponentDown", "firing", began, 60, **component)
        healed = time.time()
        ended = arrival("ComponentDown", "resolved", healed, 120, **component)
        told.seconds = seconds
        told.evidence = (
            f"node-exporter without pods: ComponentDown at the receiver after {seconds:.0f} s, "
            f"its end {ended:.0f} s after the repair"
        )


BREACH = "policy-drill"
OBJECTS = """
apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: default-deny, namespace: {namespace}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress, Egress]}}
---
apiVersion: v1
kind: Pod
metadata:
  name: drill
  namespace: {namespace}
  labels: {{app.kubernetes.io/name: drill, app.kubernetes.io/part-of: drill}}
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  securityContext: {{runAsNonRoot: true, runAsUser: 65532, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: drill
      image: {image}
      command: [/bin/sleep, "600"]
      readinessProbe: {{exec: {{command: [/bin/true]}}}}
      resources: {{requests: {{cpu: 1m, memory: 4Mi}}, limits: {{memory: 16Mi}}}}
      securityContext: {{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {{drop: [ALL]}}}}
"""


@pytest.mark.skipif(not CONTRACT.get("opa_enabled"), reason="opa is not switched on")
def test_the_alert_of_a_breach_that_only_the_audit_sees_arrives_and_ends() -> None:
    images = json.loads((PLATFORM / "bundle.json").read_text())["images"]
    busybox = next(name for name in images if name.startswith("docker.io/library/busybox:"))
    image = f"{busybox}@{images[busybox]['digest']}"
    with drill("opa.alert_drill", "8", "A breach that admission could not see becomes a metric and an alert") as told:
        wait_until(lambda: query("sum(gatekeeper_violations) == 0"), 90, "no other breach", pause=2)
        try:
            for document in OBJECTS.format(namespace=BREACH, image=image).split("---"):
                wait_until(lambda one=document: kubectl("apply", "-f", "-", stdin=one), 30, "the policies let it in")  # type: ignore[misc]
            began = time.time()
            kubectl("-n", BREACH, "delete", "networkpolicy", "default-deny")
            wait_until(lambda: query("sum(gatekeeper_violations) > 0"), 90, "the audit counts it", pause=2)
            counted = time.time() - began
            arrived = arrival("PolicyViolated", "firing", began, 180)
        finally:
            healed = time.time()
            kubectl("delete", "namespace", BREACH, "--ignore-not-found", "--wait=false")
        ended = arrival("PolicyViolated", "resolved", healed, 180)
        told.seconds = arrived
        told.evidence = (
            f"a namespace's default deny was removed: gatekeeper_violations after {counted:.0f} s, "
            f"PolicyViolated at the receiver after {arrived:.0f} s, its end {ended:.0f} s after the repair"
        )


@pytest.mark.skipif(CONTRACT.get("opa_enforcement", "deny") != "deny", reason="policies do not deny here")
@pytest.mark.skipif(not CONTRACT.get("opa_enabled"), reason="opa is not switched on")
def test_what_breaches_policy_is_refused_with_what_to_do() -> None:
    with pytest.raises(AssertionError, match=r"denied the request") as refused:
        kubectl("-n", "default", "run", "drill", "--image=docker.io/library/busybox:latest", "--dry-run=server")
    for words in ("name its image by digest", "has no memory limit", "set runAsNonRoot: true", "no readinessProbe"):
        assert words in str(refused.value)
