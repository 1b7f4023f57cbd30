"""What stores keep of a password."""

from __future__ import annotations

import base64
import hashlib
import hmac

from ansible_collections.gantry.platform.plugins.module_utils.data.accounts import account, scram


def test_the_verifier_is_what_a_client_proves_by_its_password() -> None:
    """The client's side of RFC 5802: a proof that only the password gives, checked against the stored key."""
    method, rounds_and_salt, keys = scram("correct horse").split("$")
    rounds, salt = rounds_and_salt.split(":")
    stored, server = (base64.b64decode(key) for key in keys.split(":"))
    assert (method, rounds) == ("SCRAM-SHA-256", "4096")

    def proven(password: str) -> bool:
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
        client = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(stored, b"n=,r=abc", "sha256")
        proof = bytes(a ^ b for a, b in zip(client, signature, strict=True))
        revealed = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        return hashlib.sha256(revealed).digest() == stored and hmac.digest(salted, b"Server Key", "sha256") == server

    assert proven("correct horse")
    assert not proven("correct hose")


def test_an_account_stays_the_same_and_its_hashes_do_not_tell_the_password() -> None:
    first = account("x" * 40)
    assert first == account("x" * 40)
    assert all("x" * 40 not in first[name] for name in ("bcrypt", "scram", "sha256"))
    assert first["bcrypt"].startswith("$2b$04$")
    assert first["sha256"] == hashlib.sha256(b"x" * 40).hexdigest()
    assert set(account("y" * 40).values()).isdisjoint(first.values())
