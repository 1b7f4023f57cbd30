#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Make a node a part of a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm
short_description: Make a node a part of a Kubernetes cluster with kubeadm
version_added: 0.1.0
description:
  - Starts a cluster on a node, or joins a node to one. A node that is a part already is left alone.
  - What an interrupted run left half done is reset and done again; a kubeadm that is still running is waited for first.
  - A node with a Kubernetes that this collection did not make is refused.
author:
  - The gantry.platform authors (!UNKNOWN)
options:
  state:
    description:
      - V(initialised) runs C(kubeadm init), V(joined) runs C(kubeadm join).
      - V(configured) brings the static pods of a control plane that runs to O(config), and waits for the API server.
      - V(invited) makes a token for nodes that are to join, and is only for a control plane that is initialised.
      - V(reset) undoes everything that kubeadm did.
      - V(renewed) renews the certificates of the control plane and the kubelet's serving certificate that end within
        O(days). The control plane's processes start anew; a kubelet's request still is to be approved, see
        M(gantry.platform.nodes).
      - V(upgraded) raises the node's control plane to O(version), and the configuration of its kubelet. Its kubeadm
        must be of that version already; the kubelet itself is left to others.
    type: str
    choices: [initialised, joined, configured, invited, reset, renewed, upgraded]
    required: true
  role:
    description: The node's role, which is recorded on it.
    type: str
    choices: [control_plane, worker]
    default: control_plane
  config:
    description: kubeadm's configuration as YAML. Required with V(initialised), V(joined), V(configured), V(renewed).
    type: str
  ca:
    description: Hash of the cluster CA's public key. A node of another cluster is reset and joined anew.
    type: str
    default: ""
  control_planes:
    description:
      - With V(invited), whether control planes may join too.
      - The cluster's certificates are then uploaded to it, encrypted, for two hours.
    type: bool
    default: false
  seed:
    description:
      - "With V(initialised), a directory on the node with C(pki.tar.gz) and C(etcd.db) of a backup: the cluster begins
        with its authorities and keys, and with all that it knew."
    type: path
    version_added: 0.1.0
  node:
    description: With O(seed), the node's name in the cluster.
    type: str
    version_added: 0.1.0
  address:
    description: With O(seed), the node's address.
    type: str
    version_added: 0.1.0
  version:
    description: With V(upgraded), the version, as V(1.37.2).
    type: str
    version_added: 0.1.0
  first:
    description: With V(upgraded), whether the node is the first control plane, which tells the cluster its version.
    type: bool
    default: false
    version_added: 0.1.0
  patches:
    description: With V(upgraded), the directory of the static pods' patches on the node, where it has some.
    type: path
    version_added: 0.1.0
  days:
    description: With V(renewed), certificates that end within so many days are renewed.
    type: float
    default: 90
  timeout:
    description: Seconds that kubeadm may take.
    type: float
    default: 420
attributes:
  check_mode:
    description: Tells whether kubeadm would be run. An invitation is not written.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
"""

EXAMPLES = r"""
- name: Start the cluster
  gantry.platform.kubeadm:
    state: initialised
    config: "{{ lookup('ansible.builtin.template', 'init.yaml.j2') }}"
"""

RETURN = r"""
token:
  description: The bootstrap token, a secret.
  returned: with O(state=invited)
  type: str
  sample: 0f6c1b.8a1de5c2f94b7d60
ca:
  description: Hash of the cluster CA's public key.
  returned: with O(state=invited)
  type: str
  sample: "sha256:6a3f2c…"
certificates:
  description: Certificates of the control plane that were (in check mode, would be) renewed.
  returned: with O(state=renewed)
  type: list
  elements: str
  sample: [admin.conf, apiserver, etcd-server]
kubelet:
  description: Whether the kubelet's serving certificate is asked for anew.
  returned: with O(state=renewed)
  type: bool
  sample: true
certificate_key:
  description: Key of the uploaded certificates, a secret; empty without O(control_planes).
  returned: with O(state=invited)
  type: str
  sample: 9b5e…
"""

import subprocess
from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import kubeadm
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import membership
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.renewal import renew

VERBS = {"initialised": "init", "joined": "join"}


def main() -> None:
    """Runs on the node."""
    module = AnsibleModule(
        argument_spec={
            "state": {
                "type": "str",
                "choices": ["initialised", "joined", "configured", "invited", "reset", "renewed", "upgraded"],
                "required": True,
            },
            "role": {"type": "str", "choices": ["control_plane", "worker"], "default": "control_plane"},
            "config": {"type": "str", "no_log": True},
            "ca": {"type": "str", "default": ""},
            "control_planes": {"type": "bool", "default": False},
            "seed": {"type": "path"},
            "node": {"type": "str"},
            "address": {"type": "str"},
            "version": {"type": "str"},
            "first": {"type": "bool", "default": False},
            "patches": {"type": "path"},
            "days": {"type": "float", "default": 90},
            "timeout": {"type": "float", "default": 420},
        },
        required_if=[
            *(("state", state, ["config"]) for state in ("initialised", "joined", "configured", "renewed")),
            ("state", "upgraded", ["version"]),
        ],
        required_by={"seed": ["node", "address"]},
        supports_check_mode=True,
    )
    wanted = module.params
    state = wanted["state"]
    try:
        if state == "invited":
            if module.check_mode:
                module.exit_json(changed=False, token="", ca=membership().ca, certificate_key="")
            module.exit_json(changed=False, **asdict(kubeadm.invite(wanted["control_planes"])))
        if state == "reset":
            needed = membership().state in ("joined", "partial")
            if needed and not module.check_mode:
                kubeadm.reset()
            module.exit_json(changed=needed)
        if state == "renewed":
            renewed = renew(wanted["config"], wanted["days"], wanted["timeout"], bool(module.check_mode))
            module.exit_json(changed=bool(renewed.certificates or renewed.kubelet), **asdict(renewed))
        if state == "upgraded":
            if not module.check_mode:
                kubeadm.upgrade(wanted["version"], wanted["first"], wanted["patches"], wanted["timeout"])
            module.exit_json(changed=True)
        if state == "configured":
            module.exit_json(changed=module.check_mode or kubeadm.reconfigure(wanted["config"], wanted["timeout"]))
        if module.check_mode:
            module.exit_json(changed=kubeadm.must_run(membership(), wanted["ca"]))
        seed = (
            kubeadm.Seed(Path(wanted["seed"]), wanted["node"], wanted["address"])
            if wanted["seed"] and state == "initialised"
            else None
        )
        changed = kubeadm.bring(VERBS[state], wanted["role"], wanted["config"], wanted["ca"], wanted["timeout"], seed)
        module.exit_json(changed=changed)
    except (kubeadm.KubeadmError, OSError, subprocess.CalledProcessError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
