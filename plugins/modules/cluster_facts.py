#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Look at a cluster that somebody else has made."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_facts
short_description: Look at a cluster that somebody else has made
version_added: 0.1.0
description:
  - Finds out what the platform must know of a cluster that it has not made, before anything is applied there.
  - Refuses a cluster that it cannot run on, all reasons at once, each with its remedy.
  - OpenShift is recognised by the API groups that it serves.
options:
  kubeconfig:
    description: Path of the cluster's kubeconfig.
    type: path
    required: true
  kubernetes_version:
    description: The version of Kubernetes that the inventory names.
    type: str
    required: true
  default_class:
    description: Whether the cluster must bring a default StorageClass.
    type: bool
    default: true
extends_documentation_fragment:
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Look at the cluster
  gantry.platform.cluster_facts:
    kubeconfig: "{{ platform_kubeconfig }}"
    kubernetes_version: "{{ platform_kubernetes_version }}"
"""

RETURN = r"""
ansible_facts:
  description: Facts of the cluster.
  returned: success
  type: complex
  contains:
    platform_cluster:
      description: The cluster.
      type: dict
      sample:
        server: https://api.example.com:6443
        version: 1.37.2
        nodes: 3
        openshift: false
        mirrors: false
        default_classes: [gp3]
        denied: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.cluster.look import look, mistakes
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import table
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

SPEC: dict[str, Any] = {
    "argument_spec": {
        "kubeconfig": {"type": "path", "required": True},
        "kubernetes_version": {"type": "str", "required": True},
        "default_class": {"type": "bool", "default": True},
    }
}


def call(parameters: dict[str, Any], mode: Mode) -> dict[str, Any]:  # noqa: ARG001 (one signature for all)
    """Look; the result says ``failed`` and ``msg`` where the platform cannot run there."""
    try:
        facts = look(Client(load(parameters["kubeconfig"], None), "gantry-cluster-facts"))
    except ReleaseError as error:
        return {"failed": True, "msg": f"The cluster of {parameters['kubeconfig']}: {error}"}
    if found := list(mistakes(facts, parameters["kubernetes_version"], parameters["default_class"])):
        return {"failed": True, "msg": table(found, "The cluster does not fit the platform")}
    return {"ansible_facts": {"platform_cluster": facts.as_facts()}}


def main() -> None:
    """Run the module."""
    run(AnsibleModule(**SPEC, supports_check_mode=True), call)


if __name__ == "__main__":
    main()
