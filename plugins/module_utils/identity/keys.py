"""The platform's token key: an elliptic curve key (P-256) whose public half every proxy of the mesh knows as a JWKS."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

ALGORITHM = "ES256"
COORDINATE = 32
"""Bytes of a coordinate of P-256, and of each half of its signatures."""


class IdentityError(Exception):
    """A key or a token cannot be made; the message names the thing, its value and the remedy."""


def encode(data: bytes) -> str:
    """Base64 for URLs without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key, in memory only."""
    return ec.generate_private_key(ec.SECP256R1())


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key of a PEM file. Raises IdentityError."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise IdentityError(f"{path} is not there: site makes it (--tags identity)") from None
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IdentityError(f"{path} cannot be read as a private key ({error}): remove it for a new one") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise IdentityError(f"{path} is no key of the curve P-256: remove it for a new one")
    return key


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Writes a key as PEM for its owner alone, whole or not at all."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_secret(path, pem)


def write_secret(path: Path, content: bytes) -> None:
    """Writes a file of mode 0600 beside its place and renames it; missing parents are made, 0700."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    beside.replace(path)


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The public half as a JWK (RFC 7517); `kid` is its thumbprint (RFC 7638)."""
    numbers = key.public_key().public_numbers()
    required = {
        "crv": "P-256",
        "kty": "EC",
        "x": encode(numbers.x.to_bytes(COORDINATE, "big")),
        "y": encode(numbers.y.to_bytes(COORDINATE, "big")),
    }
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    return {**required, "alg": ALGORITHM, "kid": encode(hashlib.sha256(canonical).digest()), "use": "sig"}


def jwks(key: ec.EllipticCurvePrivateKey) -> str:
    """The JWKS as JSON text, the same for the same key."""
    return json.dumps({"keys": [public_jwk(key)]}, separators=(",", ":"), sort_keys=True)
