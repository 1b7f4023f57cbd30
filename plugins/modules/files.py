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
"""

import json
import math
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.files.place import Wanted, newer_than, place


def running_since(module: AnsibleModule, service: str | None) -> float:
    """Seconds of the epoch at which a unit was started; infinity where it does not run."""
    if not service:
        return math.inf
    command = ["systemctl", "show", "--timestamp=unix", "--property=ActiveEnterTimestamp", "--value", service]
    answer: str = module.run_command(command)[1].strip()
    return float(answer[1:]) if answer.startswith("@") else math.inf


def main() -> None:
    """Runs on the host. The action plugin of the same name has resolved the sources and staged what was asked for."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True},
            "secrets": {"type": "str", "no_log": True, "default": "{}"},
            "purge": {"type": "list", "elements": "path", "default": []},
            "service": {"type": "str"},
        },
        supports_check_mode=True,
    )
    secrets: dict[str, str] = json.loads(module.params["secrets"])
    wanted = [
        Wanted(**{**file, "content": secrets.get(file["dest"], file.get("content"))}) for file in module.params["files"]
    ]
    try:
        outcome = asdict(place(wanted, module.params["purge"], module.check_mode))
    except OSError as error:
        module.fail_json(msg=f"Cannot write {error.filename or 'a file'}: {error.strerror}")
    changed = outcome.pop("changed")
    stale = newer_than((file.dest for file in wanted), running_since(module, module.params["service"]))
    module.exit_json(changed=bool(changed or stale), changed_files=changed, stale=stale, **outcome)


if __name__ == "__main__":
    main()
