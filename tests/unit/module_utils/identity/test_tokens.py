"""Keys and tokens: what is written, what is refused, and that the public half verifies what the private half signs."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.identity import keys, tokens
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

GRANT = tokens.Grant("issuer", "platform", "alice", ("catalog.export", "catalog.audit"), 5)


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify(token: str, jwk: dict[str, str]) -> None:
    """By the JWK alone, as a proxy does."""
    body, _, signature = token.rpartition(".")
    x, y = (int.from_bytes(decode(jwk[name]), "big") for name in "xy")
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key().verify(
        der, body.encode(), ec.ECDSA(hashes.SHA256())
    )


def test_a_token_is_verified_by_the_jwks_and_by_no_other() -> None:
    key = keys.new_key()
    token = tokens.mint(key, GRANT)
    [jwk] = json.loads(keys.jwks(key))["keys"]
    assert len(decode(token.rpartition(".")[2])) == 64
    verify(token, jwk)
    with pytest.raises(InvalidSignature):
        verify(token, keys.public_jwk(keys.new_key()))


def test_a_tokens_parts() -> None:
    key = keys.new_key()
    header, payload, _ = tokens.sign(key, tokens.claims(GRANT, 1_000_000.7)).split(".")
    assert json.loads(decode(header)) == {"alg": "ES256", "kid": keys.public_jwk(key)["kid"], "typ": "JWT"}
    found = json.loads(decode(payload))
    assert len(found.pop("jti")) == 36
    assert found == {
        "iss": "issuer",
        "aud": "platform",
        "sub": "alice",
        "scope": "catalog.export catalog.audit",
        "iat": 1_000_000,
        "nbf": 999_970,
        "exp": 1_000_300,
    }


def test_a_jwks_tells_nothing_private_and_stays_the_same() -> None:
    key = keys.new_key()
    [jwk] = json.loads(keys.jwks(key))["keys"]
    assert set(jwk) == {"alg", "crv", "kid", "kty", "use", "x", "y"}
    assert keys.jwks(key) == keys.jwks(key)


def test_a_key_is_its_owners_alone(tmp_path: Path) -> None:
    path, key = tmp_path / "pki/tokens.key", keys.new_key()
    keys.write_key(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keys.jwks(keys.read_key(path)) == keys.jwks(key)
    assert list(path.parent.iterdir()) == [path]


def test_a_key_that_is_missing_or_unfit_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tokens.key"
    with pytest.raises(keys.IdentityError, match=r"tokens\.key is not there: site makes it"):
        keys.read_key(path)
    path.write_text("no key")
    with pytest.raises(keys.IdentityError, match="cannot be read"):
        keys.read_key(path)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with pytest.raises(keys.IdentityError, match="no key of the curve P-256"):
        keys.read_key(path)


@pytest.mark.parametrize(
    ("subject", "scopes", "minutes", "says"),
    [
        ("", (), 5, "subject is ''"),
        ("a b", (), 5, "subject is 'a b'"),
        ("../key", (), 5, "subject is"),
        ("alice", ("catalog export",), 5, "scopes has 'catalog export'"),
        ("alice", ("",), 5, "scopes has ''"),
        ("alice", (), 0, "minutes is 0"),
        ("alice", (), 721, "minutes is 721: give more than 0 and at most 720"),
    ],
)
def test_a_wrong_grant_is_refused(subject: str, scopes: tuple[str, ...], minutes: float, says: str) -> None:
    with pytest.raises(keys.IdentityError, match=says):
        tokens.Grant("issuer", "platform", subject, scopes, minutes)
