#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Bring Kubernetes nodes to what their pools say."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nodes
short_description: Bring Kubernetes nodes to what their pools say
version_added: 0.1.0
description:
  - Sets labels and taints of the nodes and removes those that a pool gave up. What others set is left alone.
  - Approves the serving certificates that kubelets of these nodes ask for, if they name only the node's own addresses.
  - Drains and removes nodes that came from a pool and that no pool asks for any more.
author:
  - The gantry.platform authors
options:
  kubeconfig:
    description: Path of the kubeconfig.
    type: path
    required: true
  context:
    description: Context of the kubeconfig; its current one if not given.
    type: str
  nodes:
    description: The nodes that there are to be.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the node.
        type: str
        required: true
      labels:
        description: Labels.
        type: dict
        default: {}
      taints:
        description: Taints, each with C(key), C(effect) and maybe C(value).
        type: list
        elements: dict
        default: []
  surplus:
    description: Whether nodes that no pool asks for are V(kept), or drained and V(removed).
    type: str
    choices: [kept, removed]
    default: kept
  remove_volumes:
    description: Whether a node that holds the only copy of bound volumes may be removed, and their claims with it.
    type: bool
    default: false
  drain_timeout:
    description: Seconds that draining one node may take.
    type: float
    default: 120
  wait:
    description: Whether to wait until every node has V(joined) or is V(ready).
    type: str
    choices: [joined, ready]
    default: joined
  wait_timeout:
    description: Seconds to wait.
    type: float
    default: 60
attributes:
  check_mode:
    description: Tells what would be changed; does not wait.
    support: full
  diff_mode:
    description: Shows labels and taints before and after.
    support: full
"""

EXAMPLES = r"""
- name: Bring the nodes to what their pools say
  gantry.platform.nodes:
    kubeconfig: .platform/local/kubeconfig
    nodes:
      - name: local-spot-1
        labels: {gantry.dev/pool: spot, gantry.dev/capacity: spot}
        taints:
          - {key: gantry.dev/capacity, value: spot, effect: PreferNoSchedule}
    surplus: removed
"""

RETURN = r"""
changed_nodes:
  description: Nodes whose labels or taints were (in check mode, would be) changed.
  returned: success
  type: list
  elements: str
  sample: [local-spot-1]
removed:
  description: Nodes that were drained and removed.
  returned: success
  type: list
  elements: str
  sample: []
approved:
  description: Nodes whose serving certificate was approved.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.drain import Nodes, NodesError
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.nodes import Node
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load


def main() -> None:
    """Runs on the controller."""
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path", "required": True},
            "context": {"type": "str"},
            "nodes": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "labels": {"type": "dict", "default": {}},
                    "taints": {"type": "list", "elements": "dict", "default": []},
                },
            },
            "surplus": {"type": "str", "choices": ["kept", "removed"], "default": "kept"},
            "remove_volumes": {"type": "bool", "default": False},
            "drain_timeout": {"type": "float", "default": 120},
            "wait": {"type": "str", "choices": ["joined", "ready"], "default": "joined"},
            "wait_timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    wanted = module.params
    try:
        client = Client(load(wanted["kubeconfig"], wanted["context"]), user_agent="gantry-nodes", retry_seconds=30)
        nodes = Nodes(client, [Node.parse(node) for node in wanted["nodes"]], module.check_mode)
        nodes.wait(wanted["wait"] == "ready", wanted["wait_timeout"])
        if wanted["surplus"] == "removed":
            nodes.remove_surplus(wanted["remove_volumes"], wanted["drain_timeout"])
    except (NodesError, ReleaseError) as error:
        module.fail_json(msg=str(error))
    changes = nodes.changes
    module.exit_json(
        changed=bool(changes.changed or changes.removed or changes.approved),
        changed_nodes=sorted(set(changes.changed)),
        removed=changes.removed,
        approved=changes.approved,
        diff=changes.diff,
    )


if __name__ == "__main__":
    main()
