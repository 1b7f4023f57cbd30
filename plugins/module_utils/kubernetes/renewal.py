"""Renews what kubeadm and the kubelet of a node issued, before it ends, and has those who hold it read it."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.kubeadm import (
    CLOCK_SECONDS,
    KubeadmError,
    alone,
    manifests,
    processes,
    run,
    wait_for_api_server,
)
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import not_after

STATIC_PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""The control plane's processes, in the order in which each finds what it needs."""
SERVING = Path("/var/lib/kubelet/pki/kubelet-server-current.pem")
"""The certificate at which a kubelet is asked for logs and metrics; it asks the cluster's CA for it."""


@dataclass(frozen=True)
class Certificate:
    """A certificate that kubeadm issued, with the seconds that are left of it (negative: it has ended)."""

    name: str
    seconds: float


@dataclass
class Renewed:
    """What was, or in check mode would be, renewed: names as kubeadm has them, and the kubelet's own."""

    certificates: list[str] = field(default_factory=list)
    kubelet: bool = False


def issued(told: str) -> list[Certificate]:
    """The certificates in the answer of ``kubeadm certs check-expiration --output json`` that are there."""
    found = json.loads(told)["certificates"]
    return [Certificate(one["name"], float(one["residualTime"])) for one in found if not one.get("missing")]


def due(certificates: Iterable[Certificate], days: float) -> list[str]:
    """Names of those that end within that many days."""
    return [one.name for one in certificates if one.seconds < days * 86400]


def renew(config: str, days: float, seconds: float, check: bool, root: Path = Path("/")) -> Renewed:
    """Renew what ends within ``days``. A control plane's processes are started anew, one after the other.

    ``root`` is the node's file system. Raises KubeadmError.
    """
    renewed = Renewed()
    if manifests(root / "etc/kubernetes/manifests"):
        renewed.certificates = _renew_issued(config, days, check, root)
        if renewed.certificates and not check:
            restart(STATIC_PODS, seconds)
    renewed.kubelet = ends_soon(root / SERVING.relative_to("/"), days)
    if renewed.kubelet and not check:
        (root / SERVING.relative_to("/")).unlink(missing_ok=True)
        subprocess.run(["systemctl", "restart", "kubelet.service"], check=True)
    return renewed


def ends_soon(path: Path, days: float) -> bool:
    """Whether a PEM certificate is missing, cannot be read, or ends within that many days."""
    try:
        text = path.read_text(encoding="ascii")
        begin = text.index("-----BEGIN CERTIFICATE-----")
        end = text.index("-----END CERTIFICATE-----", begin)
        last = not_after(ssl.PEM_cert_to_DER_cert(text[begin:end] + "-----END CERTIFICATE-----"))
    except (OSError, ValueError, IndexError):
        return True
    return (last - datetime.now(UTC)).total_seconds() < days * 86400


def _renew_issued(config: str, days: float, check: bool, root: Path) -> list[str]:
    chroot = ["--rootfs", str(root)] if root != Path("/") else []
    with (
        alone(root / "var/lib/gantry/kubeadm.lock") as lock,
        tempfile.TemporaryDirectory(dir=root / "tmp") as directory,
    ):
        file = Path(directory) / "kubeadm.yaml"
        file.write_text(config, encoding="utf-8")
        inside = "/" / file.relative_to(root)
        told = run(["certs", "check-expiration", "--output", "json", "--config", str(inside), *chroot], 60)
        names = due(issued(told[told.index("{") :]), days)
        if names and not check:
            run(["certs", "renew", "all", "--config", str(inside), *chroot], 60, lock)
    return names


def restart(names: Sequence[str], seconds: float) -> None:
    """End the processes of a control plane, for the kubelet to start them anew, and wait until each has come.

    They read most of their certificates at their start only. Raises KubeadmError.
    """
    for name in names:
        since = time.time() - CLOCK_SECONDS
        old = processes(name)
        for pid in old:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while not processes(name).keys() - old.keys():
            if time.monotonic() > deadline:
                raise KubeadmError(
                    f"{name} was ended to read its new certificates, and did not come back within {seconds:.0f} s: "
                    "look with 'journalctl -u kubelet', then run again"
                )
            time.sleep(0.5)
        if name == "kube-apiserver":
            wait_for_api_server(manifests()[name], since, seconds)
