# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Holds objects, a cluster and a registry against the bundle, on the controller."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.references import (
    missing_images,
    object_images,
    pod_images,
)
from ansible_collections.gantry.platform.plugins.module_utils.bundle.serving import ill_signed, unserved
from ansible_collections.gantry.platform.plugins.module_utils.bundle.signing import load_public
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.plugin_utils.pure import PureAction


def check(options: dict[str, Any], images: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Everything that was asked for, held against `images`; a cluster that cannot be asked shows nothing."""
    started = time.monotonic()
    used = set(object_images(options["objects"]))
    missing = []
    if options["kubeconfig"]:
        try:
            client = Client(load(options["kubeconfig"], None), "gantry-bundle-check")
            used |= set(pod_images(client.get("/api/v1/pods")["items"]))
        except ReleaseError as error:
            missing.append(str(error))
    missing += missing_images(sorted(used), images)
    seen = [f"{len(used)} images in use, all of them the bundle's by digest"] if used else []
    if options["registry"]:
        missing += unserved(options["registry"], images)
        seen.append(f"{len(images)} served by {options['registry']}")
        if options.get("public_key"):
            try:
                missing += ill_signed(options["registry"], images, load_public(Path(options["public_key"])))
            except BundleError as error:
                missing.append(str(error))
            seen.append(f"each with a signature that {Path(options['public_key']).name} verifies")
    return {
        "ok": not missing,
        "missing": missing,
        "evidence": "; ".join(missing or seen),
        "seconds": round(time.monotonic() - started, 3),
    }


class ActionModule(PureAction):
    """Asks; changes nothing."""

    FAILURE = BundleError
    ARGUMENTS: ClassVar[dict[str, Any]] = {
        "bundle": {"type": "path", "required": True},
        "objects": {"type": "list", "elements": "dict", "default": []},
        "kubeconfig": {"type": "path"},
        "registry": {"type": "str"},
        "public_key": {"type": "path"},
    }

    def compute(self, given: dict[str, Any]) -> dict[str, Any]:
        """What is missing, in words too."""
        path = Path(given["bundle"])
        try:
            images = json.loads(path.read_text(encoding="utf-8"))["images"]
        except (OSError, ValueError, LookupError) as error:
            raise BundleError(f"{path}: is no bundle.json ({error}); role bundle writes it") from error
        return check(given, images)
