# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: contract
short_description: Holds an inventory against the contract, and the host against the inventory
description:
  - Reads the variables that begin with C(platform_) or with the name of one of the collection's roles.
  - Fails with all mistakes at once, each with variable, value, problem and remedy. Nothing is changed.
  - The contract stands in C(docs/inventory.md).
options:
  state_directory:
    description: The environment's record on this host. What it holds is the environment's own, and not in its way.
    type: path
    required: true
  cache_directory:
    description: Where the bundle rests.
    type: path
    required: true
  kubeconfig:
    description: Path of the environment's kubeconfig, if there is one. Its API server is asked for its version.
    type: path
    required: true
  host:
    description: Whether the host is looked at too.
    type: bool
    default: true
  upgrading:
    description: Whether this run may bring another version of Kubernetes than runs.
    type: bool
    default: false
    version_added: 0.1.0
  servers:
    description:
      - "Driver C(servers): names of the hosts that are to become nodes, as the role C(preflight) has asked them."
      - Without it they are not judged.
    type: list
    elements: str
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Refuse what does not fit
  gantry.platform.contract:
    state_directory: "{{ platform_state_directory }}"
    cache_directory: "{{ platform_cache_directory }}"
    kubeconfig: "{{ platform_kubeconfig }}"
"""

RETURN = r"""
mistakes:
  description: What is wrong.
  returned: always
  type: list
  elements: dict
  sample:
    - variable: platform_networks.pods
      value: 10.90.0.0/16
      problem: overlaps platform_networks.machines (10.90.0.0/24)
      remedy: choose networks that share no address, for example 10.90.0.0/24, 10.91.0.0/16 and 10.92.0.0/20
pools:
  description: The node pools with every default filled in.
  returned: success
  type: list
  elements: dict
  sample: [{name: control, role: control_plane, capacity: on_demand, count: 1, size: {cpu: 2.0, memory: 4Gi}}]
"""
