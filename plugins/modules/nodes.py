#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: nodes
short_description: Bring Kubernetes nodes to what their pools say
version_added: 0.1.0
description:
  - Sets labels and taints of the nodes and removes those that a pool gave up. What others set is left alone.
  - Approves the serving certificates that kubelets of these nodes ask for, if they name only the node's own addresses.
  - It runs on the controller.
  - Drains and removes nodes that came from a pool and that no pool asks for any more.
author:
  - The gantry.platform authors (!UNKNOWN)
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
  forget:
    description:
      - Names of nodes whose objects are removed first, without draining them.
      - For nodes that are about to join anew, which the cluster still believes to be ready.
    type: list
    elements: str
    default: []
  drain:
    description: Names of nodes whose pods are moved away, and that take no others until they are in O(uncordon).
    type: list
    elements: str
    default: []
  uncordon:
    description: Names of nodes that take pods again.
    type: list
    elements: str
    default: []
  remove:
    description: Names of workers that are drained and removed although a pool asks for them, since they are made anew.
    type: list
    elements: str
    default: []
  force:
    description: Whether O(drain) may end pods that no controller makes anew.
    type: bool
    default: false
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

- name: Move the pods of a node away
  gantry.platform.nodes:
    kubeconfig: .platform/local/kubeconfig
    nodes: []
    drain: [local-spot-1]
"""

RETURN = r"""
changed_nodes:
  description: Nodes whose labels or taints were (in check mode, would be) changed.
  returned: success
  type: list
  elements: str
  sample: [local-spot-1]
removed:
  description: Nodes that were drained and removed, or forgotten.
  returned: success
  type: list
  elements: str
  sample: []
drained:
  description: Nodes that were drained, or cordoned.
  returned: success
  type: list
  elements: str
  sample: [local-spot-1]
uncordoned:
  description: Nodes that take pods again.
  returned: success
  type: list
  elements: str
  sample: []
moved:
  description: Pods that had to leave a drained node.
  returned: success
  type: list
  elements: str
  sample: [shop/catalog-5d9c7b-x2k8q]
claims:
  description: Volume claims whose only copy is on a drained node; their pods wait until it takes pods again.
  returned: success
  type: list
  elements: str
  sample: [monitoring/data-prometheus-0]
approved:
  description: Nodes whose serving certificate was approved.
  returned: success
  type: list
  elements: str
  sample: []
"""
