#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Carry the bundle to a host without a network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle_archive
short_description: Carry the bundle to a host without a network
version_added: 0.1.0
description:
  - Writes everything that is built, with its signatures, and the wheels of the project's Python lock into one archive,
    or unpacks such an archive into a user's cache.
  - The archive is tar, compressed by zstd, with the sum of every file in it; its own sum lies beside it.
  - On unpacking nothing is put in place before every sum was verified, and what is there already stays.
options:
  state:
    description: V(exported) writes the archive, V(imported) unpacks it.
    type: str
    choices: [exported, imported]
    required: true
  path:
    description: The archive. Beside it lies C(<path>.sha256).
    type: path
    required: true
  cache:
    description: The user's cache directory, in which the bundle rests.
    type: path
    required: true
  source:
    description: Directory with C(artifacts.yml), C(images.yml) and the locks. Required with V(exported).
    type: path
  project:
    description: Directory that paths of services are relative to. The parent of O(source) by default.
    type: path
  sets:
    description: Sets of artifacts beside V(core), for V(exported).
    type: list
    elements: str
    default: []
  requirements:
    description: The Python lock whose wheels are carried, for the Python that runs Ansible. Required with V(exported).
    type: path
  public_key:
    description: Public half of the key that images are signed with. Required with V(exported).
    type: path
attributes:
  check_mode:
    description: Reads nothing of an archive and writes none.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
requirements: [pydantic, zstandard, python-debian]
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Write the archive
  gantry.platform.bundle_archive:
    state: exported
    path: /srv/gantry.tar.zst
    source: "{{ bundle_source }}"
    cache: "{{ bundle_cache_directory }}"
    sets: "{{ bundle_sets }}"
    requirements: requirements/runtime.txt
    public_key: "{{ bundle_signing_key }}.pub"

- name: Unpack it on a host without a network
  gantry.platform.bundle_archive:
    state: imported
    path: /srv/gantry.tar.zst
    cache: "{{ bundle_cache_directory }}"
"""

RETURN = r"""
path:
  description: The archive.
  returned: success
  type: str
  sample: /srv/gantry.tar.zst
bytes:
  description: Its size; 0 in check mode.
  returned: with O(state=exported)
  type: int
  sample: 2147483648
artifacts:
  description: What the archive brought that was not there.
  returned: with O(state=imported)
  type: list
  elements: str
  sample: [go/etcd/275b34c3e67f26fb2587]
wheels:
  description: Wheels that the archive brought, or in check mode and with V(exported) none.
  returned: with O(state=imported)
  type: list
  elements: str
  sample: [pydantic-2.13.0-py3-none-any.whl]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible_collections.gantry.platform.plugins.module_utils.bundle import archive
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


def exported(given: dict[str, Any], check: bool) -> dict[str, Any]:
    """Write the archive."""
    path, source, cache = Path(given["path"]), Path(given["source"]).resolve(), Path(given["cache"])
    project = Path(given["project"]).resolve() if given["project"] else source.parent
    bundle = Bundle(source, project, cache, given["sets"])
    if check:
        return {"changed": True, "path": str(path), "bytes": 0}
    found = archive.wheels(Path(given["requirements"]), cache / "wheels")
    return {
        "changed": True,
        "path": str(path),
        "bytes": archive.export(bundle, Path(given["public_key"]), found, path),
    }


def imported(given: dict[str, Any], check: bool) -> dict[str, Any]:
    """Unpack it."""
    path = Path(given["path"])
    if check:
        return {"changed": True, "path": str(path), "artifacts": [], "wheels": []}
    found = archive.load(path, Path(given["cache"]))
    return {
        "changed": bool(found.artifacts or found.wheels),
        "path": str(path),
        "artifacts": found.artifacts,
        "wheels": found.wheels,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["exported", "imported"], "required": True},
            "path": {"type": "path", "required": True},
            "cache": {"type": "path", "required": True},
            "source": {"type": "path"},
            "project": {"type": "path"},
            "sets": {"type": "list", "elements": "str", "default": []},
            "requirements": {"type": "path"},
            "public_key": {"type": "path"},
        },
        required_if=[("state", "exported", ("source", "requirements", "public_key"))],
        supports_check_mode=True,
    )
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    work = exported if module.params["state"] == "exported" else imported
    try:
        result = work(module.params, module.check_mode)
    except BundleError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
