"""Asks a registry whether it serves the bundle's images, and signatures of them that hold."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping

from ansible_collections.gantry.platform.plugins.module_utils.bundle.oci import MANIFEST
from ansible_collections.gantry.platform.plugins.module_utils.bundle.signing import objection, read_manifest, tag
from cryptography.hazmat.primitives.asymmetric import ec


def unserved(address: str, images: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Images that the registry at `address` (host:port) does not answer with their digest, each with what it said."""
    connection = http.client.HTTPConnection(address, timeout=5)
    found = []
    try:
        for ref, image in images.items():
            repository, _, tag = ref.rpartition(":")
            connection.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers={"Accept": MANIFEST})
            answer = connection.getresponse()
            answer.read()
            digest = answer.getheader("Docker-Content-Digest") or f"status {answer.status}"
            if digest != image["digest"]:
                found.append(f"{ref}: {address} answers {digest}, the bundle's digest is {image['digest']}")
    except (OSError, http.client.HTTPException) as error:
        found.append(f"{address}: does not answer ({error or type(error).__name__})")
    finally:
        connection.close()
    return found


def ill_signed(address: str, images: Mapping[str, Mapping[str, str]], public: ec.EllipticCurvePublicKey) -> list[str]:
    """Images of the registry at `address` without a signature that `public` verifies, each with the reason."""
    connection = http.client.HTTPConnection(address, timeout=5)
    found = []

    def get(path: str) -> bytes:
        connection.request("GET", path, headers={"Accept": MANIFEST})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise LookupError(f"{address} answers {answer.status}")
        return content

    try:
        for ref, image in images.items():
            home = f"/v2/{ref.rpartition(':')[0]}"
            try:
                text, signature = read_manifest(json.loads(get(f"{home}/manifests/{tag(image['digest'])}")))
                reason = objection(get(f"{home}/blobs/{text}"), signature, ref, image["digest"], public)
            except (LookupError, ValueError, TypeError) as error:
                reason = f"its signature cannot be read ({error})"
            found += [f"{ref}: {reason}"] if reason else []
    except (OSError, http.client.HTTPException) as error:
        found.append(f"{address}: does not answer ({error or type(error).__name__})")
    finally:
        connection.close()
    return found
