#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Judge objects by policies before they are applied."""

from __future__ import annotations

DOCUMENTATION = r"""
module: policy_check
short_description: Judge objects by policies before they are applied
version_added: 0.1.0
description:
  - Runs Gatekeeper's own engine (gator) over rendered objects, with the same constraints that the cluster enforces.
  - Pods that workloads would make are judged too. Neither a cluster nor a network is asked.
  - Fails naming every breach of a policy that denies; breaches of others are returned.
options:
  gator:
    description: Path of gator.
    type: path
    required: true
  policies:
    description: What M(gantry.platform.policies) returned as C(objects).
    type: list
    elements: dict
    required: true
  objects:
    description: The objects to judge.
    type: list
    elements: dict
    required: true
  context:
    description: Objects that are there already, for policies to look up (a namespace's network policies), not judged.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Judge the release before it is applied
  gantry.platform.policy_check:
    gator: "{{ bundle_binaries.gator }}"
    policies: "{{ __opa_policies.objects }}"
    objects: "{{ __prometheus_objects }}"
"""

RETURN = r"""
violations:
  description: Every breach, of policies that do not deny too.
  returned: always
  type: list
  elements: dict
  sample:
    - object: Deployment shop/catalog
      policy: probes
      message: 'container "catalog" has no readinessProbe: set one'
      action: deny
"""

from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible_collections.gantry.platform.plugins.module_utils.policy.judge import judge
    from ansible_collections.gantry.platform.plugins.module_utils.policy.library import PolicyError

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "gator": {"type": "path", "required": True},
            "policies": {"type": "list", "elements": "dict", "required": True},
            "objects": {"type": "list", "elements": "dict", "required": True},
            "context": {"type": "list", "elements": "dict", "default": []},
        },
        supports_check_mode=True,
    )
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    given = module.params
    try:
        found = judge(Path(given["gator"]), given["policies"], given["objects"], given["context"])
    except PolicyError as error:
        module.fail_json(msg=str(error))
    violations = [asdict(one) for one in found]
    denied = [one for one in found if one.action == "deny"]
    if denied:
        lines = "\n".join(f"- {one}" for one in denied)
        module.fail_json(
            msg=f"{len(denied)} breach(es) of policy, nothing was applied:\n{lines}", violations=violations
        )
    module.exit_json(changed=False, violations=violations)


if __name__ == "__main__":
    main()
