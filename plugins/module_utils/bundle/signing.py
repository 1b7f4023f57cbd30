"""Signatures of images in cosign's format: made by the bundle's own key, verified with its public half.

A signature is an image itself, of the tag ``sha256-<hex>.sig`` in the repository of what it signs. Its one layer is the
signed text, which names the image's digest; the layer's annotation holds the signature (ECDSA P-256, SHA-256, ASN.1).
See https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md. ``cosign verify --key`` reads it.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.oci import (
    CONFIG,
    MANIFEST,
    Blob,
    Layout,
    write_documents,
)
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import remove
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LAYER = "application/vnd.dev.cosign.simplesigning.v1+json"
ANNOTATION = "dev.cosignproject.cosign/signature"
TYPE = "cosign container image signature"
ALGORITHM = ec.ECDSA(hashes.SHA256())


def tag(digest: str) -> str:
    """The tag under which cosign looks for the signature of a digest."""
    return digest.replace(":", "-") + ".sig"


def reference(ref: str, digest: str) -> str:
    """The signature's own reference."""
    return f"{ref.rpartition(':')[0]}:{tag(digest)}"


def payload(ref: str, digest: str) -> bytes:
    """The text that is signed."""
    critical = {
        "identity": {"docker-reference": ref.rpartition(":")[0]},
        "image": {"docker-manifest-digest": digest},
        "type": TYPE,
    }
    return json.dumps({"critical": critical, "optional": None}, separators=(",", ":")).encode()


def objection(text: bytes, signature: str, ref: str, digest: str, public: ec.EllipticCurvePublicKey) -> str:
    """Why a signature does not hold for an image; empty where it does."""
    try:
        public.verify(base64.b64decode(signature, validate=True), text, ALGORITHM)
        critical = json.loads(text)["critical"]
        signed = critical["image"]["docker-manifest-digest"], critical["identity"]["docker-reference"]
    except (InvalidSignature, binascii.Error):
        return "its signature is not by the bundle's key"
    except (ValueError, LookupError, TypeError) as error:
        return f"what is signed cannot be read ({error})"
    wanted = digest, ref.rpartition(":")[0]
    return "" if signed == wanted else f"what is signed is {signed[1]} {signed[0]}"


def read_manifest(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """The digest of the signed text, and the signature, in a signature's manifest. Raises LookupError."""
    (layer,) = manifest["layers"]
    if layer["mediaType"] != LAYER:
        raise LookupError(f"mediaType {layer['mediaType']}")
    return str(layer["digest"]), str(layer["annotations"][ANNOTATION])


def load_public(path: Path) -> ec.EllipticCurvePublicKey:
    """The public key of a file (PEM). Raises BundleError."""
    try:
        found = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise BundleError(f"{path}: is no public key ({error}); the bundle writes it when it signs") from error
    if not isinstance(found, ec.EllipticCurvePublicKey):
        raise BundleError(f"{path}: is no public key of an elliptic curve, which images are signed with")
    return found


@dataclass(frozen=True)
class Signer:
    """Signs by the key of a file, which is made where there is none; its public half is ``<file>.pub``."""

    path: Path

    @property
    def public_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.pub")

    def objection(self, ref: str, digest: str, place: Path) -> str:
        """Why the signature at `place` does not hold for an image; empty where it does."""
        if not place.is_dir():
            return "is not signed"
        layout = Layout(place)
        try:
            text, signature = read_manifest(json.loads(layout.blob(layout.manifest_digest()).read_bytes()))
            content = layout.blob(text).read_bytes()
        except (OSError, ValueError, LookupError) as error:
            return f"its signature cannot be read ({error})"
        return "; ".join(layout.damage()) or objection(content, signature, ref, digest, load_public(self.public_path))

    def sign(self, ref: str, digest: str, place: Path) -> None:
        """Write the signature of an image to `place`, whole or not at all. Raises BundleError."""
        text = payload(ref, digest)
        signature = base64.b64encode(self._private().sign(text, ALGORITHM)).decode()
        staging = place.with_name(f".{place.name}.partial")
        remove(staging)
        write_documents(staging, reference(ref, digest), lambda blob: _manifest(text.decode(), signature, blob))
        remove(place)
        staging.rename(place)

    def _private(self) -> ec.EllipticCurvePrivateKey:
        if not self.path.exists():
            if self.public_path.exists():
                raise BundleError(
                    f"{self.path}: is gone, so that nothing can be signed by the key of {self.public_path}. "
                    "Put it back, or remove the latter: a new key is made then, and every image is signed anew"
                )
            self._make()
        try:
            found = serialization.load_pem_private_key(self.path.read_bytes(), None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise BundleError(f"{self.path}: is no private key without a password ({error})") from error
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            raise BundleError(f"{self.path}: is no key of an elliptic curve, which images are signed with")
        _put(self.public_path, _public(found), 0o644)
        return found

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        plain = serialization.NoEncryption()
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        _put(self.path, text, 0o600)


def _manifest(text: str, signature: str, blob: Callable[[str], Blob]) -> dict[str, Any]:
    signed = blob(text)
    config = {"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [signed.digest]}}
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": blob(json.dumps(config)).descriptor(CONFIG),
        "layers": [{**signed.descriptor(LAYER), "annotations": {ANNOTATION: signature}}],
    }


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _put(path: Path, content: bytes, mode: int) -> None:
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    partial.replace(path)
