#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)

from __future__ import annotations

DOCUMENTATION = r"""
module: registry
short_description: Serves the bundle's images on one address of this host
description:
  - Lays out the storage of Debian's C(docker-registry) by hard links from the bundle's OCI layouts.
  - Keeps the registry running in a session of its own, with or without systemd.
  - Repositories are stored as C(<upstream host>/<path>), so that one registry stands in for every upstream one.
  - It is started again when it is dead, does not answer, or its binary or configuration changed.
options:
  state:
    description: Whether it serves, or is stopped and its directory removed.
    type: str
    choices: [present, absent]
    default: present
  directory:
    description: Directory of the registry of one environment; storage, configuration, log and process id lie in it.
    type: path
    required: true
  address:
    description: C(host:port) to serve, plain HTTP. The host must have that address.
    type: str
  binary:
    description: Path of C(docker-registry).
    type: path
  images:
    description: Images to serve, as RV(gantry.platform.bundle#module:images).
    type: dict
    default: {}
attributes:
  check_mode:
    description: Changes nothing and tells what it would change.
    support: full
  diff_mode:
    description: Shows the references served before and after.
    support: full
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Serve the bundle's images to the machines
  gantry.platform.registry:
    directory: /var/lib/gantry/local/registry
    address: 10.90.0.1:5000
    binary: "{{ bundle_binaries['docker-registry'] }}"
    images: "{{ bundle_images }}"
"""

RETURN = r"""
pid:
  description: Process id of the registry; 0 when it does not run.
  returned: always
  type: int
  sample: 4711
started:
  description: Whether it was, or in check mode would be, started.
  returned: always
  type: bool
  sample: true
images:
  description: References that it serves.
  returned: always
  type: list
  elements: str
  sample: ["registry.k8s.io/etcd:3.7.0-0"]
log:
  description: Path of its log.
  returned: always
  type: str
  sample: /var/lib/gantry/local/registry/registry.log
"""

import re
import shutil
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

try:
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.registry import Registry
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.storage import lay_out

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)

SPEC: dict[str, Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "directory": {"type": "path", "required": True},
        "address": {"type": "str"},
        "binary": {"type": "path"},
        "images": {"type": "dict", "default": {}},
    },
    "required_if": [("state", "present", ("address", "binary"))],
}
_TAG = re.compile(r"repositories/(.+)/_manifests/tags/([^/]+)/current/link$")


def served(storage: Path) -> list[str]:
    """The references that a storage holds."""
    found = (_TAG.search(str(path)) for path in storage.rglob("link") if path.parent.name == "current")
    return sorted(f"{match[1]}:{match[2]}" for match in found if match)


def present(registry: Registry, images: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Serve exactly `images`."""
    unbuilt = sorted(ref for ref, image in images.items() if not image["digest"])
    if unbuilt and not check:
        raise BundleError(f"{', '.join(unbuilt)}: not built yet; run role bundle first")
    before = served(registry.storage)
    changes = lay_out(registry.storage, {ref: image for ref, image in images.items() if image["digest"]}, check=check)
    start = not registry.current()
    if start and not check:
        registry.start()
    after = sorted(images)
    return {
        "changed": bool(changes.added or changes.removed or start),
        "started": start,
        "images": after,
        "diff": {"before": "\n".join(before) + "\n", "after": "\n".join(after) + "\n"},
    }


def absent(registry: Registry, *, check: bool) -> dict[str, Any]:
    """Stop it and remove what is its own."""
    before = served(registry.storage)
    there = registry.directory.exists() or bool(registry.running())
    if there and not check:
        registry.stop()
        shutil.rmtree(registry.directory, ignore_errors=True)
    return {"changed": there, "started": False, "images": [], "diff": {"before": "\n".join(before), "after": ""}}


def call(given: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    registry = Registry(Path(given["directory"]), Path(given["binary"] or "/"), given["address"] or "")
    try:
        if given["state"] == "present":
            result = present(registry, given["images"], check=mode.check)
        else:
            result = absent(registry, check=mode.check)
    except BundleError as error:
        return {"failed": True, "msg": str(error)}
    return {"pid": registry.running(), "log": str(registry.log), **result}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    run(module, call)


if __name__ == "__main__":
    main()
