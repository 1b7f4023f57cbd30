#!/usr/bin/python
# Copyright: the gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Put a set of files on a host in one step."""

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Put a set of files on a host in one step
version_added: 0.1.0
description:
  - Brings a whole set of files of a host, small configuration as well as large binaries, to what is declared.
  - One connection decides for all of them. An unchanged host costs one task and reads no large file.
  - A file given by O(files[].src) is compared by size and modification time, and by SHA-256 where the time differs.
  - Files are written beside their place and renamed, so that none is ever seen half written.
author:
  - The gantry.platform authors (!UNKNOWN)
options:
  files:
    description: The files.
    type: list
    elements: dict
    required: true
    suboptions:
      dest:
        description: Absolute path on the host. Missing parent directories are made, mode 0755.
        type: path
        required: true
      content:
        description: Text of the file. One of O(files[].content) and O(files[].src) is required.
        type: str
      src:
        description: Path of the file on the controller.
        type: path
      mode:
        description: Permission bits, quoted octal.
        type: str
        default: "0644"
      sensitive:
        description: Whether the content is a secret, never shown in a diff or a log.
        type: bool
        default: false
  secrets:
    description: >-
      Path → content of the files that are sensitive, as JSON. The action plugin fills it, so that no content is shown;
      not for playbooks.
    type: str
    default: "{}"
  purge:
    description: Directories in which every file that is not listed in O(files) is removed.
    type: list
    elements: path
    default: []
  service:
    description:
      - Unit of systemd that reads these files at its start.
      - If it has been running since before one of them was last changed, the task reports a change, so that a handler
        restarts it. An interrupted run, whose handlers never ran, is so made good by the next.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and tell what it would change.
    support: full
  diff_mode:
    description: Shows each file before and after; a large one by its size, a secret not at all.
    support: full
"""

EXAMPLES = r"""
- name: The container runtime's binaries and configuration
  gantry.platform.files:
    files:
      - dest: /usr/local/bin/containerd
        src: "{{ bundle_binaries.containerd }}"
        mode: "0755"
      - dest: /etc/containerd/config.toml
        content: "{{ lookup('ansible.builtin.template', 'config.toml.j2') }}"
    purge:
      - /etc/containerd/certs.d
"""

RETURN = r"""
changed_files:
  description: Paths that were (in check mode, would be) written or removed.
  returned: always
  type: list
  elements: str
  sample: [/etc/containerd/config.toml]
stale:
  description: Paths that are newer than the running O(service).
  returned: always
  type: list
  elements: str
  sample: []
service_runs:
  description: Whether O(service) was active, and enabled at boot, before handlers do anything. V(false) without one.
  returned: always
  type: bool
  sample: true
"""

import json
from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.files.place import Wanted, newer_than, place
from ansible_collections.gantry.platform.plugins.module_utils.files.service import look_at
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

SPEC: dict[str, Any] = {
    "argument_spec": {
        "files": {"type": "list", "elements": "dict", "required": True},
        "secrets": {"type": "str", "no_log": True, "default": "{}"},
        "purge": {"type": "list", "elements": "path", "default": []},
        "service": {"type": "str"},
    }
}


def call(given: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters: large files are described, and those that were asked for staged."""
    secrets: dict[str, str] = json.loads(given["secrets"])
    wanted = [Wanted(**{**file, "content": secrets.get(file["dest"], file.get("content"))}) for file in given["files"]]
    try:
        outcome = asdict(place(wanted, given["purge"], mode.check))
    except OSError as error:
        return {"failed": True, "msg": f"Cannot write {error.filename or 'a file'}: {error.strerror}"}
    changed = outcome.pop("changed")
    service = look_at(given["service"])
    stale = newer_than((file.dest for file in wanted), service.since)
    return {
        "changed": bool(changed or stale),
        "changed_files": changed,
        "stale": stale,
        "service_runs": service.runs,
        **outcome,
    }


def main() -> None:
    """Runs on the host. The action plugin of the same name has resolved the sources and staged what was asked for."""
    run(AnsibleModule(**SPEC, supports_check_mode=True), call)


if __name__ == "__main__":
    main()
