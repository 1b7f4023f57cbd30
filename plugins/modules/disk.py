#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Clear a node's disk of what is not needed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: disk
short_description: Clear a node's disk of what is not needed
version_added: 0.1.0
description:
  - Removes what a node can do without, and nothing else. No volume is touched.
  - Images that no container uses, which are pulled again when they are asked for; logs of pods and audit logs that were
    rotated away; a package manager's copies; the system's journal beyond a size.
  - It runs on the node.
options:
  journal:
    description: Bytes that stay of the system's journal.
    type: int
    default: 67108864
  socket:
    description: Socket of containerd. Without it no images are removed.
    type: path
    default: /run/containerd/containerd.sock
attributes:
  check_mode:
    description: Tells what would be removed.
    support: full
  diff_mode:
    description: Shows what is removed, with its size.
    support: full
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Make room on the node's disk
  gantry.platform.disk:
"""

RETURN = r"""
removed:
  description: What was (in check mode, would be) removed, and its bytes. What several references name counts once.
  returned: success
  type: list
  elements: dict
  sample: [{what: image, name: "docker.io/library/busybox:1.36", bytes: 4404019}]
free:
  description: Bytes that the disk had free, and has.
  returned: success
  type: dict
  sample: {before: 1073741824, after: 5368709120}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.remediation.components import RemediationError
from ansible_collections.gantry.platform.plugins.module_utils.remediation.disk import clear


def main() -> None:
    """Runs on the node."""
    module = AnsibleModule(
        argument_spec={
            "journal": {"type": "int", "default": 64 << 20},
            "socket": {"type": "path", "default": "/run/containerd/containerd.sock"},
        },
        supports_check_mode=True,
    )
    if module.params["journal"] < 0:
        module.fail_json(msg=f"journal is {module.params['journal']}: give the bytes that are to stay, 0 or more")
    try:
        cleared = clear(module.params["journal"], module.params["socket"], bool(module.check_mode), Path("/"))
    except (RemediationError, OSError) as error:
        module.fail_json(msg=str(error))
    lines = "".join(f"{one['what']} {one['name']} ({one['bytes']} bytes)\n" for one in cleared.removed)
    module.exit_json(
        changed=bool(cleared.removed),
        removed=cleared.removed,
        free={"before": cleared.before, "after": cleared.after},
        diff={"before": lines, "after": ""},
    )


if __name__ == "__main__":
    main()
