"""Passwords of the stores' accounts, and what each store keeps of one: never the password itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from ansible_collections.gantry.platform.plugins.module_utils.delivery import credentials

ITERATIONS = 4096
"""Rounds of SCRAM-SHA-256, as Postgres itself takes (scram_iterations)."""


def account(password: str) -> Mapping[str, str]:
    """A password and what stores know it by: bcrypt (NATS), the SCRAM verifier (Postgres), SHA-256 (Redis)."""
    return {
        "password": password,
        # NATS does this work for every connection; what 240 random bits make needs no slow hash.
        "bcrypt": credentials.bcrypt(password, cost=4),
        "scram": scram(password),
        "sha256": hashlib.sha256(password.encode()).hexdigest(),
    }


def scram(password: str) -> str:
    """The verifier that Postgres takes in place of a password (RFC 5803, RFC 7677), for a password in ASCII.

    The salt comes of the password, so that the verifier stays the same.
    """
    salt = hashlib.sha256(f"scram:{password}".encode()).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(ITERATIONS, *encoded)
