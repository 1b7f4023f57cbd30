#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Restart the workloads of one component."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restart
short_description: Restart the workloads of one component
version_added: 0.1.0
description:
  - Restarts the Deployments, StatefulSets and DaemonSets of a component, pod after pod as their strategies say.
  - Then it waits until they are ready.
  - One that was scaled to zero by hand gets one replica; an autoscaler, or whoever declares the number, takes over from
    there. One that is declared with no replicas is left alone.
  - The wait ends as soon as it is in vain, as that of M(gantry.platform.k8s_release); the message tells why.
options:
  component:
    description:
      - C(namespace/name), as the alert carries it in its label C(component).
      - The name is the label C(app.kubernetes.io/name), C(app) or C(k8s-app) of the pods, or the workload's own name.
    type: str
    required: true
  wait_timeout:
    description: Seconds to become ready in.
    type: float
    default: 120
extends_documentation_fragment:
  - gantry.platform.kubernetes
attributes:
  check_mode:
    description: Tells which workloads would be restarted.
    support: full
  diff_mode:
    description: Shows each workload's last restart, and its replicas where they are restored.
    support: full
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Restart Alertmanager
  gantry.platform.restart:
    component: monitoring/alertmanager
    kubeconfig: "{{ platform_kubeconfig }}"
"""

RETURN = r"""
component:
  description: The component.
  returned: success
  type: str
  sample: monitoring/alertmanager
workloads:
  description: What was (in check mode, would be) done to which workload.
  returned: success
  type: list
  elements: dict
  sample: [{kind: StatefulSet, namespace: monitoring, name: alertmanager, action: restarted}]
checks:
  description: Patterns of the checks that judge the component, for M(gantry.platform.verify).
  returned: success
  type: list
  elements: str
  sample: ["prometheus.*"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.module_utils.remediation.components import RemediationError
from ansible_collections.gantry.platform.plugins.module_utils.remediation.restart import MANAGER, Restart


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "component": {"type": "str", "required": True},
            "wait_timeout": {"type": "float", "default": 120},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        client = Client(load(given["kubeconfig"], given["context"]), MANAGER)
        result = Restart(client, given["component"], given["wait_timeout"], bool(module.check_mode)).run()
    except (RemediationError, ReleaseError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
