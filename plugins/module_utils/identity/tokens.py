"""Short-lived tokens (JWT, RFC 7519) of the platform's issuer. They are made here and checked by the mesh's proxies."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.identity.keys import (
    ALGORITHM,
    COORDINATE,
    IdentityError,
    encode,
    public_jwk,
)
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

LONGEST = 12 * 60
"""Minutes. A token cannot be taken back, so it is not to live for long."""
SKEW = 30
"""Seconds by which a token is valid before it was made: clocks differ."""


@dataclass(frozen=True)
class Grant:
    """Whom a token names, what for, and what it allows. `scopes` are words such as `catalog.export`."""

    issuer: str
    audience: str
    subject: str
    scopes: tuple[str, ...] = ()
    minutes: float = 10

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}", self.subject):
            remedy = "give up to 63 letters, digits, dots, dashes, underscores or @, as alice or ci-release"
            raise IdentityError(f"subject is {self.subject!r}: {remedy}")
        for scope in self.scopes:
            if not re.fullmatch(r"[a-z][a-z0-9._-]{0,62}", scope):
                raise IdentityError(f"scopes has {scope!r}: give words of lower case letters, as catalog.export")
        if not 0 < self.minutes <= LONGEST:
            raise IdentityError(f"minutes is {self.minutes:g}: give more than 0 and at most {LONGEST}")


def claims(grant: Grant, now: float) -> dict[str, Any]:
    """The claims of a token made at a moment (seconds of the epoch). Scopes are one text of words, as OAuth has it."""
    return {
        "iss": grant.issuer,
        "aud": grant.audience,
        "sub": grant.subject,
        "scope": " ".join(grant.scopes),
        "iat": int(now),
        "nbf": int(now) - SKEW,
        "exp": int(now + grant.minutes * 60),
        "jti": str(uuid.uuid4()),
    }


def sign(key: ec.EllipticCurvePrivateKey, payload: Mapping[str, Any]) -> str:
    """The claims as a signed token in compact form; its signature is r and s side by side (RFC 7518, 3.4)."""
    header = {"alg": ALGORITHM, "kid": public_jwk(key)["kid"], "typ": "JWT"}
    body = ".".join(encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, payload))
    r, s = decode_dss_signature(key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{body}.{encode(r.to_bytes(COORDINATE, 'big') + s.to_bytes(COORDINATE, 'big'))}"


def mint(key: ec.EllipticCurvePrivateKey, grant: Grant) -> str:
    """A token valid from now on."""
    return sign(key, claims(grant, time.time()))
