"""Certificates and requests for tests."""

from __future__ import annotations

import base64
import datetime
import ipaddress
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SERVING = ("digital signature", "server auth")


def certificate(end: datetime.datetime | None = None) -> tuple[str, ec.EllipticCurvePrivateKey]:
    """A self-signed certificate (PEM) that is valid until ``end``, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    start = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end or start + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM).decode(), key


def request(
    node: str,
    names: tuple[str, ...],
    user: str = "",
    common_name: str = "",
    usages: tuple[str, ...] = SERVING,
    groups: tuple[str, ...] = ("system:nodes", "system:authenticated"),
) -> dict[str, Any]:
    """A CertificateSigningRequest of a kubelet for a serving certificate with these DNS names and IP addresses."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name or f"system:node:{node}"),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder(subject)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([general(name) for name in names]), critical=False)
    csr = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return {
        "metadata": {"name": f"csr-{node}"},
        "spec": {
            "signerName": "kubernetes.io/kubelet-serving",
            "username": user or f"system:node:{node}",
            "groups": list(groups),
            "usages": list(usages),
            "request": base64.b64encode(csr.public_bytes(serialization.Encoding.PEM)).decode(),
        },
        "status": {},
    }


def general(name: str) -> x509.GeneralName:
    """A DNS name or an IP address."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
