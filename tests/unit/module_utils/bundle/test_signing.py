"""Signatures of images: what is signed, by whom, and every way in which one does not hold."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import oci
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.serving import ill_signed
from ansible_collections.gantry.platform.plugins.module_utils.bundle.signing import (
    ANNOTATION,
    Signer,
    load_public,
    reference,
)
from ansible_collections.gantry.platform.plugins.module_utils.bundle.storage import lay_out

REF = "registry.k8s.io/pause:3.10.2"


@pytest.fixture
def digest(tmp_path: Path) -> str:
    layer = oci.write_layer([oci.Entry("/name", content=b"x")], tmp_path / "image/blobs/sha256")
    return oci.write_layout(tmp_path / "image", REF, oci.ImageConfig(), [layer])


@pytest.fixture
def signer(tmp_path: Path, digest: str) -> Signer:
    """One that has signed the image at ``<tmp_path>/image.sig``."""
    signer = Signer(tmp_path / "keys/cosign.key")
    assert signer.objection(REF, digest, tmp_path / "image.sig") == "is not signed"
    signer.sign(REF, digest, tmp_path / "image.sig")
    return signer


def manifest(place: Path) -> dict[str, Any]:
    layout = oci.Layout(place)
    found: dict[str, Any] = json.loads(layout.blob(layout.manifest_digest()).read_bytes())
    return found


def test_a_signature_is_what_openssl_verifies_and_names_the_image(tmp_path: Path, signer: Signer, digest: str) -> None:
    """Byte for byte as cosign's specification has it."""
    place = tmp_path / "image.sig"
    (layer,) = manifest(place)["layers"]
    text = oci.Layout(place).blob(layer["digest"]).read_bytes()
    assert json.loads(text) == {
        "critical": {
            "identity": {"docker-reference": "registry.k8s.io/pause"},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": None,
    }
    (tmp_path / "signature").write_bytes(base64.b64decode(layer["annotations"][ANNOTATION]))
    (tmp_path / "text").write_bytes(text)
    command = ["openssl", "dgst", "-sha256", "-verify", str(signer.public_path), "-signature"]
    done = subprocess.run(
        [*command, str(tmp_path / "signature"), str(tmp_path / "text")], capture_output=True, text=True, check=False
    )
    assert done.stdout == "Verified OK\n", done.stderr


def test_the_key_is_its_owners_and_stays(tmp_path: Path, signer: Signer, digest: str) -> None:
    assert signer.path.stat().st_mode & 0o777 == 0o600
    before = signer.path.read_bytes()
    signer.sign(REF, digest, tmp_path / "again.sig")
    assert signer.path.read_bytes() == before
    assert signer.objection(REF, digest, tmp_path / "again.sig") == ""


def test_what_does_not_hold_is_told(tmp_path: Path, signer: Signer, digest: str) -> None:
    place = tmp_path / "image.sig"
    assert signer.objection(REF, digest, place) == ""
    assert "what is signed is registry.k8s.io/pause" in signer.objection(REF, "sha256:00", place)
    assert "what is signed is registry.k8s.io/pause" in signer.objection("x/pause:3.10.2", digest, place)
    other = Signer(tmp_path / "other/cosign.key")
    other.sign(REF, digest, tmp_path / "other.sig")
    assert signer.objection(REF, digest, tmp_path / "other.sig") == "its signature is not by the bundle's key"
    layout = oci.Layout(place)
    blob = layout.blob(layout.blobs()[1])
    blob.write_bytes(blob.read_bytes() + b" ")
    assert "its name says" in signer.objection(REF, digest, place)
    shutil.rmtree(place / "blobs")
    assert "cannot be read" in signer.objection(REF, digest, place)


def test_without_the_key_it_verifies_and_refuses_to_sign(tmp_path: Path, signer: Signer, digest: str) -> None:
    signer.path.unlink()
    assert signer.objection(REF, digest, tmp_path / "image.sig") == ""
    with pytest.raises(BundleError, match=r"is gone.*Put it back"):
        signer.sign(REF, digest, tmp_path / "again.sig")
    assert not (tmp_path / "again.sig").exists()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The storage as a registry serves it: manifests by tag, blobs by digest."""
    home = tmp_path / "storage/docker/registry/v2"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            repository, kind, name = self.path.removeprefix("/v2/").rsplit("/", 2)
            link = home / f"repositories/{repository}/_manifests/tags/{name}/current/link"
            found = name if kind == "blobs" else link.read_text() if link.exists() else ""
            path = home / f"blobs/sha256/{found[7:9]}/{found[7:]}/data"
            self.send_response(200 if path.is_file() else 404)
            self.end_headers()
            self.wfile.write(path.read_bytes() if path.is_file() else b"")

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_registry_serves_signatures_beside_images(tmp_path: Path, signer: Signer, digest: str, registry: str) -> None:
    images = {REF: {"digest": digest, "layout": str(tmp_path / "image")}}
    place = tmp_path / "image.sig"
    signed = {"digest": oci.Layout(place).manifest_digest(), "layout": str(place)}
    public = load_public(signer.public_path)

    lay_out(tmp_path / "storage", images)
    assert ill_signed(registry, images, public) == [f"{REF}: its signature cannot be read ({registry} answers 404)"]
    lay_out(tmp_path / "storage", {**images, reference(REF, digest): signed})
    assert ill_signed(registry, images, public) == []
    other = Signer(tmp_path / "other/cosign.key")
    other.sign(REF, digest, tmp_path / "other.sig")
    (reason,) = ill_signed(registry, images, load_public(other.public_path))
    assert "not by the bundle's key" in reason
    assert hashlib.sha256(oci.Layout(place).blob(signed["digest"]).read_bytes()).hexdigest() in signed["digest"]
