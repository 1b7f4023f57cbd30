#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Close a backup, or see that one is whole and fits."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Close a backup, or see that one is whole and fits
version_added: 0.1.0
description:
  - A backup is a directory of files and a manifest with their digests. The manifest is written last.
options:
  state:
    description:
      - V(written) makes a backup of what lies in O(directory), and removes the oldest beside it.
      - V(verified) reads all of it again, and refuses what is not as it was written, or of something else.
    type: str
    choices: [written, verified]
    required: true
  directory:
    description: The backup's directory.
    type: path
    required: true
  environment:
    description: Name of the environment.
    type: str
    required: true
  kubernetes_version:
    description: The environment's version of Kubernetes.
    type: str
    required: true
  nodes:
    description: Names of the environment's nodes.
    type: list
    elements: str
    required: true
  keep:
    description: How many backups stay; V(0) for all.
    type: int
    default: 7
attributes:
  check_mode:
    description: Nothing is written or removed.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Is it whole?
  gantry.platform.backup:
    state: verified
    directory: .platform/local/backups/20260101T030000Z
    environment: local
    kubernetes_version: 1.37.2
    nodes: [local-control-1]
"""

RETURN = r"""
files:
  description: The backup's files.
  returned: success
  type: list
  elements: dict
  sample: [{name: etcd.db, bytes: 20971520, sha256: 6a3f2c}]
removed:
  description: Older backups that were removed.
  returned: with O(state=written)
  type: list
  elements: str
  sample: [20251201T030000Z]
"""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.backup import manifest
from ansible_collections.gantry.platform.plugins.module_utils.backup.volumes import BackupError
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

SPEC: dict[str, Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["written", "verified"], "required": True},
        "directory": {"type": "path", "required": True},
        "environment": {"type": "str", "required": True},
        "kubernetes_version": {"type": "str", "required": True},
        "nodes": {"type": "list", "elements": "str", "required": True},
        "keep": {"type": "int", "default": 7},
    }
}


def call(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """Write or verify."""
    directory = Path(parameters["directory"])
    of = (parameters["environment"], parameters["kubernetes_version"])
    try:
        if parameters["state"] == "verified":
            found = manifest.verify(directory, *of, parameters["nodes"])
            return {"changed": False, "files": [asdict(one) for one in found.files]}
        if mode.check:
            return {"changed": True, "files": [], "removed": []}
        at = datetime.now(UTC).isoformat(timespec="seconds")
        made = manifest.write(directory, *of, at, parameters["nodes"])
        removed = manifest.prune(directory.parent, parameters["keep"], parameters["environment"])
        return {"changed": True, "files": [asdict(one) for one in made.files], "removed": removed}
    except BackupError as error:
        return {"failed": True, "msg": str(error)}


def main() -> None:
    """Run the module."""
    run(AnsibleModule(**SPEC, supports_check_mode=True), call)


if __name__ == "__main__":
    main()
