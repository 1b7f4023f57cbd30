"""Asks a registry, without taking anything from it, whether it serves the bundle's images."""

from __future__ import annotations

import http.client
from collections.abc import Mapping

from ansible_collections.gantry.platform.plugins.module_utils.bundle.oci import MANIFEST


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
