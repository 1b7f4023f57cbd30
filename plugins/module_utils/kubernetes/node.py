"""What a node is, by looking at it: its control groups, its resources, and how far it is a part of a cluster."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

State = Literal["absent", "joined", "partial", "foreign"]

CAP_SYS_RESOURCE = 24
RECORD = Path("/var/lib/gantry/kubernetes.json")
"""Written before kubeadm starts (``begun``) and after it ended well (``done``)."""
TRACES = (
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/etc/kubernetes/pki/ca.crt",
    "/var/lib/etcd/member",
    "/var/lib/kubelet/config.yaml",
)
"""What kubeadm leaves behind, in part or in whole."""
NEEDED = ("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki/ca.crt", "/var/lib/kubelet/config.yaml")
"""What a node that has joined cannot be without."""


@dataclass(frozen=True)
class Membership:
    """How far the node is a part of a cluster. ``ca`` is the cluster CA's public key as kubeadm writes it, or empty."""

    state: State
    role: str = ""
    ca: str = ""


@dataclass(frozen=True)
class Node:
    """A node's properties. ``cores`` and ``memory`` (bytes) are what the kubelet sees: in a container, the host's."""

    cgroup_version: int
    cores: int
    memory: int
    may_lower_oom_score: bool
    systemd_resolved: bool
    kubernetes: Membership

    def as_facts(self) -> dict[str, Any]:
        """The node as a mapping."""
        return asdict(self)


def cgroup_version(root: Path = Path("/")) -> int:
    """2 where the unified hierarchy carries the controllers, else 1."""
    return 2 if (root / "sys/fs/cgroup/cgroup.controllers").exists() else 1


def memory_total(meminfo: str) -> int:
    """Bytes of memory from the text of /proc/meminfo."""
    line = next(line for line in meminfo.splitlines() if line.startswith("MemTotal:"))
    return int(line.split()[1]) * 1024


def has_capability(status: str, bit: int) -> bool:
    """Whether the text of /proc/<pid>/status shows a capability as effective."""
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> bit & 1)


def key_hash(certificate: str) -> str:
    """The SHA-256 of a PEM certificate's public key, ``sha256:…``, as ``kubeadm join`` wants it."""
    return f"sha256:{hashlib.sha256(_public_key(ssl.PEM_cert_to_DER_cert(certificate))).hexdigest()}"


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """One DER element at an offset: its tag, and where its content starts and ends."""
    tag, length, start = der[at], der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size], "big"), start + size
    return tag, start, start + length


def _fields(der: bytes) -> list[tuple[int, int, int, int]]:
    """Fields of a DER certificate's body (RFC 5280) from serialNumber on, each as (tag, begin, begin of content, end).

    They are read here, since a node may lack every Python package.
    """
    _, certificate, _ = _element(der, 0)
    _, at, body_end = _element(der, certificate)
    fields = []
    while at < body_end:
        tag, start, end = _element(der, at)
        if tag != 0xA0:  # [0] version
            fields.append((tag, at, start, end))
        at = end
    return fields


def _public_key(der: bytes) -> bytes:
    """SubjectPublicKeyInfo of a DER certificate: after serialNumber, signature, issuer, validity, subject."""
    _, at, _, end = _fields(der)[5]
    return der[at:end]


def not_after(der: bytes) -> datetime:
    """When a DER certificate ends: the second time of its validity, UTCTime or GeneralizedTime."""
    _, _, first, _ = _fields(der)[3]
    tag, start, end = _element(der, _element(der, first)[2])
    text = der[start:end].decode("ascii")
    return datetime.strptime(text, "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def read_record(root: Path = Path("/")) -> dict[str, str]:
    """What was recorded on this node; empty where nothing was."""
    try:
        found = json.loads((root / RECORD.relative_to("/")).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def write_record(phase: str, role: str, root: Path = Path("/")) -> None:
    """Record how far kubeadm came, whole or not at all."""
    path = root / RECORD.relative_to("/")
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"phase": phase, "role": role}) + "\n", encoding="utf-8")
    beside.replace(path)


def membership(root: Path = Path("/")) -> Membership:
    """Tell a node that has joined from one that has not, from one where it was interrupted, and from someone else's."""
    record = read_record(root)
    traces = [path for path in TRACES if (root / path.lstrip("/")).exists()]
    if not traces:
        return Membership("absent")
    if not record:
        return Membership("foreign")
    try:
        ca = key_hash((root / "etc/kubernetes/pki/ca.crt").read_text(encoding="ascii"))
    except (OSError, ValueError, IndexError):
        ca = ""
    whole = ca and all((root / path.lstrip("/")).exists() for path in NEEDED)
    state: State = "joined" if record.get("phase") == "done" and whole else "partial"
    return Membership(state, record.get("role", ""), ca)


def look() -> Node:
    """Look at this node. Raises ``OSError`` where /proc is not readable."""
    return Node(
        cgroup_version=cgroup_version(),
        cores=os.cpu_count() or 1,
        memory=memory_total(Path("/proc/meminfo").read_text(encoding="ascii")),
        may_lower_oom_score=has_capability(Path("/proc/self/status").read_text(encoding="utf-8"), CAP_SYS_RESOURCE),
        systemd_resolved=Path("/run/systemd/resolve/resolv.conf").exists(),
        kubernetes=membership(),
    )
