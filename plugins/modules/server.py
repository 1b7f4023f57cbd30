#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Make a server a node's host, or give it back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server
short_description: Makes a server fit to be a node, and gives it back as it was
version_added: 0.1.0
description:
  - Raises the settings of a server that exists already to what a node needs, and records how they were.
  - With O(state=absent) it undoes what kubeadm, the container runtime, the pod network and this module did there.
  - A server of another environment is refused; one that was never a node is left alone.
author:
  - The gantry.platform authors (!UNKNOWN)
options:
  environment:
    description: Name of the environment.
    type: str
    required: true
  state:
    description: Whether the server is prepared, or given back.
    type: str
    choices: [present, absent]
    default: present
  settings:
    description: Settings of the kernel and the values that they have at least.
    type: dict
    default: {}
  modules:
    description: Modules of the kernel that are loaded, now and at its start.
    type: list
    elements: str
    default: []
  paths:
    description: With O(state=absent), files and directories that are removed.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: Tells what would be done.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Prepare the server
  gantry.platform.server:
    environment: dc1
    settings: {net.ipv4.ip_forward: 1}
    modules: [overlay, br_netfilter]

- name: Give it back
  gantry.platform.server:
    environment: dc1
    state: absent
    paths: [/etc/kubernetes, /var/lib/kubelet]
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [record that it is a node of dc1, set net.ipv4.ip_forward]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.servers import server


def main() -> None:
    """Runs on the server."""
    module = AnsibleModule(
        argument_spec={
            "environment": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "settings": {"type": "dict", "default": {}},
            "modules": {"type": "list", "elements": "str", "default": []},
            "paths": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    wanted, check = module.params, bool(module.check_mode)
    try:
        if wanted["state"] == "present":
            settings = {str(name): int(value) for name, value in wanted["settings"].items()}
            actions = server.prepare(wanted["environment"], settings, wanted["modules"], check)
        else:
            actions = server.give_back(wanted["environment"], wanted["paths"], check)
    except (server.ServerError, OSError, ValueError) as error:
        module.fail_json(msg=f"server of environment {wanted['environment']}: {error}")
    module.exit_json(changed=bool(actions), actions=actions)


if __name__ == "__main__":
    main()
