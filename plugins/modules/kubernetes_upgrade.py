#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Plan an upgrade of Kubernetes, and keep its journal."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubernetes_upgrade
short_description: Plan an upgrade of a cluster's Kubernetes, and keep its journal
version_added: 0.1.0
description:
  - Asks every node's kubelet, and every control plane's API server, which version runs.
  - Refuses what upstream forbids (version skew, a way back, nodes that are not ready), all reasons at once.
  - Says in which order nodes are raised. Where an upgrade was interrupted, it goes on where its journal ends.
options:
  state:
    description:
      - V(planned) asks, judges and opens the journal.
      - V(noted) writes that O(node) has come to O(phase); V(raised) is written once the node is ready with the new
        kubelet.
      - V(finished) closes the journal.
    type: str
    choices: [planned, noted, finished]
    default: planned
  kubeconfig:
    description: Path of the cluster's kubeconfig.
    type: path
    required: true
  version:
    description: The version to upgrade to, as V(1.37.2).
    type: str
    required: true
  pools:
    description: Names of the node pools, in the order in which their workers are raised.
    type: list
    elements: str
    default: []
  journal:
    description: Path of the journal.
    type: path
    required: true
  node:
    description: The node that is noted.
    type: str
  phase:
    description: How far the node is.
    type: str
    choices: [begun, served, drained, raised, done]
  timeout:
    description: Seconds that a raised node may take to be ready.
    type: float
    default: 180
attributes:
  check_mode:
    description: The plan is made; no journal is written.
    support: full
  diff_mode:
    description: Shows the plan.
    support: full
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: What is to be done
  gantry.platform.kubernetes_upgrade:
    kubeconfig: "{{ platform_kubeconfig }}"
    version: 1.37.2
    journal: /var/lib/gantry/local/upgrade.json
"""

RETURN = r"""
control_planes:
  description: Nodes whose control plane is to be raised, in order.
  returned: with O(state=planned)
  type: list
  elements: str
  sample: [local-control-1]
kubelets:
  description: Nodes whose kubelet is to be raised, in order.
  returned: with O(state=planned)
  type: list
  elements: str
  sample: [local-control-1, local-general-1]
cordoned:
  description: Nodes that took no pods before, and take none afterwards.
  returned: with O(state=planned)
  type: list
  elements: str
  sample: []
before:
  description: The oldest version that ran on any of these nodes before.
  returned: with O(state=planned)
  type: str
  sample: 1.36.3
resumed:
  description: Whether an interrupted upgrade goes on.
  returned: with O(state=planned)
  type: bool
  sample: false
seconds:
  description: Seconds that each node took.
  returned: with O(state=finished)
  type: dict
  sample: {local-control-1: 41.2}
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import table
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import journal, running, upgrade
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.drain import NodesError
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

SPEC: dict[str, Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["planned", "noted", "finished"], "default": "planned"},
        "kubeconfig": {"type": "path", "required": True},
        "version": {"type": "str", "required": True},
        "pools": {"type": "list", "elements": "str", "default": []},
        "journal": {"type": "path", "required": True},
        "node": {"type": "str"},
        "phase": {"type": "str", "choices": list(journal.PHASES)},
        "timeout": {"type": "float", "default": 180},
    },
    "required_if": [("state", "noted", ["node", "phase"])],
}


def planned(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The plan, or the refusal; opens the journal."""
    wanted, path = upgrade.Version.parse(parameters["version"]), Path(parameters["journal"])
    nodes, known = running.look(load(parameters["kubeconfig"], None)), journal.read(path)
    if found := upgrade.refusals(wanted, nodes, known):
        return {"failed": True, "msg": table(found, f"This cluster is not upgraded to {wanted}")}
    steps = upgrade.plan(wanted, nodes, parameters["pools"], known)
    resumed = known is not None and not known.done
    opened = upgrade.opened(wanted, steps, nodes, known)
    if (steps or resumed) and not mode.check:
        journal.write(path, opened)
    kubelets = [step for step in steps if step.work == "kubelet"]
    told = "".join(f"{step.node}: {step.work.replace('_', ' ')}, {step.before} -> {wanted}\n" for step in steps)
    return {
        "changed": bool(steps) or resumed,
        "control_planes": [step.node for step in steps if step.work == "control_plane"],
        "kubelets": [step.node for step in kubelets],
        "cordoned": [step.node for step in kubelets if not step.uncordon],
        "before": min((step.before for step in steps), key=upgrade.Version.parse, default=str(wanted)),
        "resumed": resumed,
        "diff": {"before": "", "after": told},
    }


def noted(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """Note how far a node is; the journal's own time tells how long that took."""
    path, node, phase = Path(parameters["journal"]), parameters["node"], parameters["phase"]
    known = journal.read(path)
    if known is None or node not in known.nodes:
        return {"failed": True, "msg": f"{path} knows no node {node}: run playbooks/upgrade.yml from its start"}
    if mode.check:
        return {"changed": False}
    if phase == "raised":
        wanted = upgrade.Version.parse(parameters["version"])
        running.wait(load(parameters["kubeconfig"], None), node, wanted, parameters["timeout"])
    seconds = max(0.0, time.time() - path.stat().st_mtime)
    journal.write(path, known.noting(node, phase, seconds))
    return {"changed": True}


def finished(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """Close the journal."""
    path = Path(parameters["journal"])
    known = journal.read(path)
    if known is None or known.done:
        return {"changed": False, "seconds": {}}
    if not mode.check:
        journal.write(path, known.finished())
    return {"changed": True, "seconds": {name: entry.seconds for name, entry in known.nodes.items()}}


STATES = {"planned": planned, "noted": noted, "finished": finished}


def call(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """Do what the state asks for."""
    try:
        return STATES[parameters["state"]](parameters, mode)
    except (ReleaseError, NodesError, journal.JournalError, ValueError) as error:
        return {"failed": True, "msg": str(error)}


def main() -> None:
    """Run the module."""
    run(AnsibleModule(**SPEC, supports_check_mode=True), call)


if __name__ == "__main__":
    main()
