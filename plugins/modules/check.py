# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: check
short_description: Declares what must hold of the running system
description:
  - Adds typed checks to those that C(gantry.platform.verify) asks at the end of a play. Nothing is asked here.
  - A check has either a C(probe), which is asked later, or a known result (C(ok), C(seconds), C(evidence)).
  - A mistake in a declaration fails at once and names the check and the field.
options:
  checks:
    description: The checks. See C(docs/verify.md) for every type of probe.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Unique name, C(<role>.<what>). A later check of the same id replaces an earlier one.
        type: str
        required: true
      row:
        description: The one mission row that it shows, C(K I J P O T A) or C(1) to C(30).
        type: str
        required: true
      title:
        description: What must hold, as a sentence.
        type: str
        required: true
      within:
        description: Seconds for which a probe that does not hold yet is asked again.
        type: float
        default: 5
      probe:
        description: The question, with its C(type).
        type: dict
      ok:
        description: A result that is known already.
        type: bool
      seconds:
        description: How long the known result took to find.
        type: float
        default: 0
      evidence:
        description: What was seen, in words.
        type: str
        default: ''
attributes:
  check_mode:
    description: Only facts of this run are changed.
    support: full
  diff_mode:
    description: Nothing on any host is changed.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: What must hold of the network
  gantry.platform.check:
    checks:
      - id: network.agents
        row: K
        title: The network's agent is ready on every node
        probe:
          type: workloads_ready
          namespaces: [kube-system]
          selector: app.kubernetes.io/part-of=cilium

- name: A result that a drill found
  gantry.platform.check:
    checks:
      - id: cluster.node_returns
        row: K
        title: A node that lost its power comes back
        ok: "{{ __drill_nodes.ready }}"
        seconds: "{{ __drill_nodes.seconds }}"
        evidence: "{{ __drill_nodes.msg }}"
"""

RETURN = r"""
ansible_facts:
  description: All checks declared so far in this run.
  returned: always
  type: complex
  contains:
    platform_checks:
      description: The checks, in the order of their declaration.
      type: list
      elements: dict
      sample: [{id: network.agents, row: K, title: The network's agent is ready on every node}]
"""
