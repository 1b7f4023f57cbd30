"""Nodes that are drained, cleared and made anew, certificates that are renewed; minutes each (``make test-slow``)."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import signal
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.conftest import (
    ENVIRONMENT,
    PLATFORM,
    STATE,
    delivered,
    drill,
    failing,
    kubectl,
    moment,
    objects,
    play,
    wait_until,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WORKER = f"{ENVIRONMENT}-spot-1"
ALL_DAYS = "remediation_days=400"
"""More than any certificate lasts, but an authority."""


def command_of(alert: dict[str, Any], name: str) -> list[str]:
    """The arguments of ansible-playbook in an alert's annotation, which must name that play."""
    words = shlex.split(alert["annotations"]["remediation"])
    assert words[:2] == ["ansible-playbook", f"playbooks/remediation/{name}.yml"]
    return words[1:]


def pods_on(node: str) -> list[dict[str, Any]]:
    """Pods of a node that a drain moves."""
    found = objects("pods", "--all-namespaces", f"--field-selector=spec.nodeName={node}")
    return [
        pod
        for pod in found
        if not any(owner["kind"] in ("DaemonSet", "Node") for owner in pod["metadata"].get("ownerReferences") or [])
        and pod["status"]["phase"] == "Running"
    ]


def inside(node: str, command: str) -> str:
    """What a command prints on a machine."""
    machines = json.loads((STATE / "machines.json").read_text())["machines"]
    address = next(machine["address"] for machine in machines if machine["name"] == node)
    options = ["-i", str(STATE / "ssh/id_ed25519"), "-o", f"UserKnownHostsFile={STATE}/ssh/known_hosts"]
    done = subprocess.run(["ssh", *options, f"root@{address}", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_node_is_drained_and_takes_pods_again() -> None:
    play_of = ("playbooks/remediation/drain_node.yml", "-e", f"remediation_node={WORKER}")
    with drill("kubernetes.drained", "K", "A node is drained by its play, and takes pods again") as told:
        before = {pod["metadata"]["uid"] for pod in pods_on(WORKER)}
        dry = play(*play_of, "--check")
        assert dry.code == 0
        assert {pod["metadata"]["uid"] for pod in pods_on(WORKER)} >= before
        try:
            assert play(*play_of).code == 0
            assert pods_on(WORKER) == []
            (node,) = objects("node", WORKER)
            assert node["spec"]["unschedulable"]
            assert play(*play_of).changed == 0
        finally:
            assert play(*play_of, "-e", "remediation_back=true").code == 0
        (node,) = objects("node", WORKER)
        assert "unschedulable" not in node["spec"]
        told.evidence = f"{len(before)} pods left {WORKER}"


def test_an_unknown_node_is_told_with_those_that_exist() -> None:
    failed = play("playbooks/remediation/drain_node.yml", "-e", "remediation_node=nobody")
    assert failed.code != 0
    assert WORKER in failed.output


def test_a_disk_gives_back_what_is_not_needed() -> None:
    play_of = ("playbooks/remediation/clear_disk.yml", "-e", f"remediation_node={WORKER}")
    log = "/var/log/pods/drill_drill_0/app/0.log.20260101-000000"
    with drill("kubernetes.cleared", "K", "A disk gives back rotated logs and unused images, and nothing else") as told:
        inside(WORKER, f"mkdir -p {Path(log).parent} && head -c 1048576 /dev/zero > {log}")
        used = inside(WORKER, "ctr -n k8s.io containers list -q")
        assert play(*play_of, "--check").code == 0
        assert inside(WORKER, f"test -e {log} && echo there").strip() == "there"
        done = play(*play_of)
        assert done.code == 0
        assert inside(WORKER, f"test -e {log} || echo gone").strip() == "gone"
        assert set(used.split()) & set(inside(WORKER, "ctr -n k8s.io containers list -q").split())
        again = play(*play_of)
        assert again.code == 0
        found = re.search(r"(\d+ things removed; [^\"]+)", done.output)
        told.evidence = found.group(1) if found else ""


@contextmanager
def short_lived() -> Iterator[None]:
    """A client that asks the API server with a certificate of ten minutes, five times a second."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "drill")])
    request = x509.CertificateSigningRequestBuilder(subject).sign(key, hashes.SHA256())
    spec = {
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
        "expirationSeconds": 600,
        "request": base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode(),
    }
    kind = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "drill"}}
    kubectl("delete", "csr", "drill", "--ignore-not-found")
    kubectl("create", "-f", "-", stdin=json.dumps({**kind, "spec": spec}))
    kubectl("certificate", "approve", "drill")
    signed = wait_until(lambda: objects("csr", "drill")[0]["status"].get("certificate"), 30, "the client's certificate")
    directory = PLATFORM / "drill"
    directory.mkdir(mode=0o700, exist_ok=True)
    pem = directory / "client.pem"
    pem.write_bytes(
        base64.b64decode(str(signed))
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    config = yaml.safe_load((PLATFORM / "kubeconfig").read_text())["clusters"][0]["cluster"]
    trust = ssl.create_default_context(cadata=base64.b64decode(config["certificate-authority-data"]).decode())
    trust.load_cert_chain(pem)
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(0.2):
            with suppress(OSError):
                urllib.request.urlopen(f"{config['server']}/version", context=trust, timeout=5).close()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
        pem.unlink()
        directory.rmdir()
        kubectl("delete", "csr", "drill", "--ignore-not-found")


def administrator() -> x509.Certificate:
    """The certificate in the controller's kubeconfig."""
    user = yaml.safe_load((PLATFORM / "kubeconfig").read_text())["users"][0]["user"]
    return x509.load_pem_x509_certificate(base64.b64decode(user["client-certificate-data"]))


def test_the_alert_on_a_certificate_names_the_play_that_renews_them_all() -> None:
    with drill("kubernetes.renewed", "K", "A certificate that ends: its alert names the play that renews all") as told:
        began, at = time.time(), moment()
        with short_lived():
            alert = wait_until(lambda: delivered("ClientCertificateEnds", began), 900, "ClientCertificateEnds", pause=5)
        assert alert
        seconds = time.time() - began
        arguments = [*command_of(alert, "renew_certificates"), "-e", ALL_DAYS]
        before = administrator()
        dry = play(*arguments, "--check")
        assert dry.code == 0
        assert administrator() == before
        renewed = play(*arguments)
        assert renewed.code == 0
        after = administrator()
        assert after.serial_number != before.serial_number
        assert (datetime.now(UTC) - after.not_valid_before_utc).total_seconds() < 900
        assert kubectl("get", "nodes", "--output=name")
        assert failing(since=at) == []
        told.evidence = f"alert after {seconds:.0f} s, renewed after {time.time() - began:.0f} s"


def kill(node: str) -> None:
    """End everything that runs in a machine, as a power cut does."""
    victims: set[int] = set()
    for path in Path("/sys/fs/cgroup").rglob("cgroup.procs"):
        if re.search(rf"/gantry-{ENVIRONMENT}(\.slice)?/{node}", str(path)):
            victims |= {int(line) for line in path.read_text().split()}
    assert victims
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)


def test_the_alert_on_a_dead_machine_names_the_play_that_makes_it_anew() -> None:
    with drill("kubernetes.replaced", "K", "A machine that died: its alert names the play that makes it anew") as told:
        (old,) = objects("node", WORKER)
        began, at = time.time(), moment()
        kill(WORKER)
        try:
            alert = wait_until(lambda: delivered("NodeDown", began, node=WORKER), 180, "NodeDown", pause=2)
            assert alert
            seconds = time.time() - began
            arguments = [*command_of(alert, "replace_machine"), "-e", "remediation_remove_volumes=true"]
            assert play(*arguments, "--check").code == 0
            assert objects("node", WORKER)[0]["metadata"]["uid"] == old["metadata"]["uid"]
            assert play(*arguments).code == 0
        except BaseException:
            play("playbooks/site.yml")
            raise
        (new,) = objects("node", WORKER)
        assert new["metadata"]["uid"] != old["metadata"]["uid"]
        assert failing(since=at) == []
        told.evidence = f"alert after {seconds:.0f} s, a new machine and every check after {time.time() - began:.0f} s"
