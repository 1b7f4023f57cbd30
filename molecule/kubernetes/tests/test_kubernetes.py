"""What the cluster is, seen from its nodes and through its API, after it came through every harm of side_effect.yml."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

testinfra_hosts = ["ansible://nodes"]

STATE = Path("/var/lib/gantry/mol-k")
KUBECONFIG = STATE / "results/kubeconfig"
BUNDLE = json.loads((STATE / "results/bundle.json").read_text(encoding="utf-8"))
BUSYBOX = next(image for image in BUNDLE["images"] if "/busybox:" in image)

POD = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: writer, namespace: default, labels: {app: writer}}
spec:
  terminationGracePeriodSeconds: 0
  nodeSelector: {gantry.dev/pool: work}
  securityContext: {runAsUser: 1000, fsGroup: 1000}
  containers:
    - name: writer
      image: %s
      command: [sh, -c, "echo kept > /data/file && nslookup kubernetes.default.svc.cluster.local && sleep 600"]
      volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
"""

Kubectl = Callable[..., str]


@pytest.fixture(scope="module")
def kubectl() -> Kubectl:
    """The bundle's kubectl against the scenario's cluster."""

    def run(*arguments: str, text: str = "") -> str:
        command = [BUNDLE["binaries"]["kubectl"], "--kubeconfig", str(KUBECONFIG), *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=90).stdout

    return run


@pytest.fixture
def node(host: Any, kubectl: Kubectl) -> dict[str, Any]:
    """The node object of this host."""
    found: dict[str, Any] = json.loads(kubectl("get", "node", host.backend.host, "-o", "json"))
    return found


@pytest.mark.parametrize("service", ["containerd", "kubelet"])
def test_its_services_run_and_start_with_it(host: Any, service: str) -> None:
    assert host.service(service).is_running
    assert host.service(service).is_enabled


def test_it_is_ready_and_of_the_bundles_version(node: dict[str, Any]) -> None:
    conditions = {condition["type"]: condition["status"] for condition in node["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == f"v{BUNDLE['versions']['kubernetes']}"
    assert node["status"]["nodeInfo"]["containerRuntimeVersion"] == f"containerd://{BUNDLE['versions']['containerd']}"


def test_pods_get_its_size_and_no_more(node: dict[str, Any]) -> None:
    cpu, memory = {"control": (2, 3), "work": (1, 2)}[node["metadata"]["labels"]["gantry.dev/pool"]]
    allocatable = node["status"]["allocatable"]
    assert int(allocatable["cpu"].removesuffix("m")) in (cpu, cpu * 1000)
    assert allocatable["memory"] == f"{memory * 1024 - 300}Mi"


def test_it_has_the_labels_and_taints_of_its_pool(node: dict[str, Any]) -> None:
    labels = node["metadata"]["labels"]
    # The network's operator takes its own taint away a moment after its agent is ready.
    taints = [taint for taint in node["spec"].get("taints", []) if taint["key"] != "node.cilium.io/agent-not-ready"]
    if labels["gantry.dev/pool"] == "work":
        assert (labels["gantry.dev/capacity"], labels["tier"]) == ("spot", "work")
        assert taints == [{"key": "gantry.dev/capacity", "value": "spot", "effect": "PreferNoSchedule"}]
    else:
        assert labels["gantry.dev/capacity"] == "on_demand"
        assert taints == []


def test_the_api_server_trusts_its_kubelet(host: Any, kubectl: Kubectl) -> None:
    assert kubectl("get", "--raw", f"/api/v1/nodes/{host.backend.host}/proxy/healthz") == "ok"


def test_an_image_that_nobody_has_is_refused_at_once(host: Any) -> None:
    started = time.monotonic()
    pulled = host.run("ctr --namespace k8s.io images pull --hosts-dir /etc/containerd/certs.d example.org/no/such:1")
    assert pulled.failed
    assert "not found" in pulled.stderr
    assert time.monotonic() - started < 5


def test_the_runtime_has_read_its_files(host: Any) -> None:
    assert "# by hand" not in host.file("/etc/containerd/config.toml").content_string
    started = host.check_output("systemctl show --timestamp=unix -P ActiveEnterTimestamp containerd").lstrip("@")
    changed = host.check_output("stat --format=%Z /etc/containerd/config.toml")
    assert int(started) >= int(changed)


def test_secrets_are_encrypted_in_etcd_and_their_key_is_nobody_elses(host: Any, kubectl: Kubectl) -> None:
    if "control" not in host.backend.host:
        pytest.skip("etcd runs on the control plane")
    kubectl("delete", "secret", "canary", "--ignore-not-found")
    kubectl("create", "secret", "generic", "canary", "--from-literal=word=plaintextcanary")
    log = "/var/lib/etcd/member/wal/*.wal"
    assert host.run(f"grep -q plaintextcanary {log}").failed
    assert host.run(f"grep -aq 'secrets/default/canary' {log}").succeeded
    assert host.run(f"grep -aq k8s:enc:secretbox:v1:key1: {log}").succeeded
    assert host.file("/etc/gantry/kubernetes/apiserver/encryption.yaml").mode == 0o600
    assert host.run("grep -q plaintextcanary /var/log/kubernetes/audit.log").failed
    assert host.run('grep -q \'"name":"canary"\' /var/log/kubernetes/audit.log').succeeded


def test_the_kubeconfig_is_its_owners() -> None:
    assert KUBECONFIG.stat().st_mode & 0o777 == 0o600
    assert (STATE / "pki/secrets-encryption.key").stat().st_mode & 0o777 == 0o600


def test_a_pod_gets_a_volume_a_name_and_keeps_its_data(host: Any, kubectl: Kubectl) -> None:
    if "work" not in host.backend.host:
        pytest.skip("once is enough")
    kubectl("apply", "-f", "-", text=POD % BUSYBOX)
    kubectl("wait", "pod/writer", "--for=condition=Ready", "--timeout=60s")
    assert kubectl("exec", "writer", "--", "cat", "/data/file") == "kept\n"
    volumes = host.check_output("find /var/lib/gantry/volumes -name file -user 1000 -group 1000")
    assert volumes.count("\n") == 0
    kubectl("delete", "pod/writer", "pvc/data", "--timeout=60s")
