# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: verify
short_description: Asks the running system whether declared checks hold
description:
  - Asks all checks at once, each again until it holds or its C(within) is over.
  - Writes C(verify.json) for machines and C(verify.html) for people.
  - Results of other plays that stand in C(verify.json) are kept, by id, with the time they were found at.
  - It runs on the controller, within Ansible itself, for it is a matter of seconds.
  - Fails at the end, naming every check that does not hold. It only reads from the cluster and never reports a change.
options:
  checks:
    description: What M(gantry.platform.check) collected.
    type: list
    elements: dict
    required: true
  environment:
    description: The environment's name, for the report.
    type: str
    required: true
  kubeconfig:
    description: Path of the kubeconfig of the cluster.
    type: path
    required: true
  directory:
    description: Where the report is written. In check mode it is not.
    type: path
    required: true
  only:
    description: Patterns of ids; checks that match none are not asked. Their earlier results are kept.
    type: list
    elements: str
    default: ["*"]
  patience:
    description: Seconds for which each probe that fails is asked again at least, and more if its own C(within) says so.
    type: float
    default: 0
attributes:
  check_mode:
    description: The system is asked, the report is not written. Where there is no kubeconfig yet, nothing is asked.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Ask the running system
  gantry.platform.verify:
    environment: "{{ platform_environment }}"
    kubeconfig: "{{ platform_kubeconfig }}"
    directory: "{{ platform_directory }}/reports"
    checks: "{{ ansible_facts.platform_checks }}"
"""

RETURN = r"""
checks:
  description: The results of the checks asked now.
  returned: always
  type: list
  elements: dict
  sample:
    - id: kubernetes.nodes
      row: K
      title: Every node is Ready
      ok: true
      seconds: 0.031
      at: "2026-01-31T12:00:00+00:00"
      evidence: "3 nodes Ready, kubelet v1.37.2: local-control-0, local-general-0, local-spot-0"
page:
  description: The readable report.
  returned: always
  type: str
  sample: /home/me/platform/.platform/local/reports/verify.html
seconds:
  description: Wall time of asking.
  returned: always
  type: float
  sample: 1.42
"""
