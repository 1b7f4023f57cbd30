#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_push
short_description: Puts the bundle's images into a registry that somebody else runs
version_added: 0.1.0
description:
  - For clusters that others run - ECR, Harbor, a registry of the house.
  - Sends what is missing there, each image with the digest that it has in the bundle.
  - Repositories are named C(<upstream host>/<path>), as M(gantry.platform.registry) does.
    A registry that makes none by itself (ECR) must have them.
  - Interrupted, it goes on with what is missing.
requirements:
  - skopeo
options:
  address:
    description: The registry, C(host) or C(host:port), maybe with a path.
    type: str
    required: true
  images:
    description: Images and signatures to put there, as RV(gantry.platform.bundle#module:images).
    type: dict
    required: true
  authfile:
    description: Who sends them, as C(skopeo login --authfile) writes it. Its content is never shown.
    type: path
  certificates:
    description: Directory with the certificate of the registry's authority (C(*.crt)); not needed where it is trusted.
    type: path
  plain_http:
    description: Whether the registry speaks plain HTTP, or its certificate is not to be looked at.
    type: bool
    default: false
  program:
    description: Name or path of skopeo.
    type: str
    default: skopeo
attributes:
  check_mode:
    description: Only asks which are missing.
    support: full
  diff_mode:
    description: What is sent is told.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Fill ECR from the bundle
  gantry.platform.registry_push:
    address: 111111111111.dkr.ecr.eu-central-1.amazonaws.com
    images: "{{ bundle_images }}"
    authfile: ~/.config/containers/auth.json
"""

RETURN = r"""
pushed:
  description: References that were, or in check mode would be, sent.
  returned: success
  type: list
  elements: str
  sample: ["docker.io/library/redis:8"]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.push import Remote
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

SPEC: dict[str, Any] = {
    "argument_spec": {
        "address": {"type": "str", "required": True},
        "images": {"type": "dict", "required": True},
        "authfile": {"type": "path"},
        "certificates": {"type": "path"},
        "plain_http": {"type": "bool", "default": False},
        "program": {"type": "str", "default": "skopeo"},
    }
}


def call(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """Send what is missing; the result says ``failed`` and ``msg`` where that did not come about."""
    paths = {key: Path(parameters[key]) for key in ("authfile", "certificates") if parameters[key]}
    remote = Remote(parameters["address"], parameters["program"], plain_http=parameters["plain_http"], **paths)
    images = parameters["images"]
    try:
        missing = remote.missing(images)
        if not mode.check:
            remote.push({reference: images[reference] for reference in missing})
    except BundleError as error:
        return {"failed": True, "msg": str(error)}
    return {"changed": bool(missing), "pushed": missing}


def main() -> None:
    """Run the module."""
    run(AnsibleModule(**SPEC, supports_check_mode=True), call)


if __name__ == "__main__":
    main()
