#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Look at a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_facts
short_description: Look at a node of the platform
version_added: 0.1.0
description:
  - Finds out, in one quick look, what the container runtime and Kubernetes must know of a node before they are set up.
author:
  - The gantry.platform authors (!UNKNOWN)
attributes:
  check_mode:
    description: It only looks.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
"""

EXAMPLES = r"""
- name: Look at the node
  gantry.platform.node_facts:
"""

RETURN = r"""
ansible_facts:
  description: Facts of the node.
  returned: always
  type: complex
  contains:
    node:
      description: The node.
      type: dict
      sample:
        cgroup_version: 2
        cores: 8
        memory: 33554432000
        may_lower_oom_score: true
        systemd_resolved: false
        kubernetes:
          state: joined
          role: worker
          ca: "sha256:6a3f…"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import look


def main() -> None:
    """Runs on the node."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    try:
        node = look()
    except OSError as error:
        module.fail_json(msg=f"Cannot look at this node: {error}")
    module.exit_json(changed=False, ansible_facts={"node": node.as_facts()})


if __name__ == "__main__":
    main()
