#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Module gantry.platform.terraform."""

from __future__ import annotations

DOCUMENTATION = r"""
module: terraform
short_description: Plans and applies a root module of OpenTofu or Terraform for one environment
version_added: 0.1.0
description:
  - Drives OpenTofu (1.10 or newer) or Terraform (1.11 or newer) on the controller. Check mode is the plan, and
    RV(ignore:changed) says whether the plan has changes.
  - What is applied is always a plan that was looked at before. A plan that destroys anything, also to make it anew, is
    refused unless O(confirm) is the name of the environment. In check mode it is shown and nothing is refused.
  - A plan that was kept (O(state=planned)) is applied only while state, configuration and variables are as they were.
  - What is secret is taken out of everything that is returned, by the plan's own marks and by the providers' schemas.
  - A run that was interrupted is finished by the next one. Terraform runs in a session of its own, so that it ends what
    it has begun and writes its state, even if Ansible is gone.
options:
  environment:
    description: Name of the environment, which O(confirm) has to repeat.
    type: str
    required: true
  project:
    description: Directory of the root module.
    type: path
    required: true
  state:
    description:
      - V(present) makes everything as declared, or applies O(plan_file).
      - V(planned) changes no resource and keeps the plan in O(plan_file).
      - V(absent) destroys everything; it always needs O(confirm).
    type: str
    choices: [present, planned, absent]
    default: present
  confirm:
    description: The environment's name, where something is to be destroyed.
    type: str
    default: ""
  plan_file:
    description:
      - Where V(planned) keeps the plan, with what it was made from beside it (C(.json)). Both may hold secrets.
      - With V(present) and V(absent), the plan that is applied. It is removed then.
    type: path
  variables:
    description:
      - Values of the root's variables. They are written to C(inventory.tfvars.json) in O(data_directory).
      - Those that are not declared by the root are an error of its own.
    type: dict
    default: {}
  sensitive_variables:
    description: More of them, which are written nowhere but into plan and state, and never shown.
    type: dict
    default: {}
  variables_files:
    description: Files with more of them, C(.tfvars) or C(.tfvars.json); they win over O(variables).
    type: list
    elements: path
    default: []
  backend:
    description:
      - Settings of the root's backend, which complete its C(backend) block. Of C(local) C(path); of C(s3) C(bucket),
        C(key), C(region), and C(use_lockfile=true), by which a state locks itself.
      - Credentials do not belong here; they come by the environment.
    type: dict
    default: {}
  program:
    description: Name or path of C(tofu) or C(terraform); by default the host's C(tofu), else its C(terraform).
    type: str
    default: ""
  data_directory:
    description: Directory for modules, providers and logs (C(TF_DATA_DIR)); C(.terraform) in the root by default.
    type: path
  cli_config:
    description: File that says where providers come from (C(TF_CLI_CONFIG_FILE)); the user's own by default.
    type: path
  lock_timeout:
    description: Seconds to wait for a state that is locked.
    type: int
    default: 10
  targets:
    description: Addresses; nothing else, and what they need, is planned.
    type: list
    elements: str
    default: []
  replace:
    description: Addresses of resources that are to be made anew.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: It is Terraform's own plan, or what O(plan_file) has.
    support: full
  diff_mode:
    description: Shows each resource before and after, with what differs.
    support: full
notes:
  - A root gets its backend by O(backend), so its own C(backend) block stays empty.
  - Variables C(TF_VAR_…), C(TF_CLI_ARGS…), C(TF_WORKSPACE) and C(TF_LOG…) of the environment are not passed on.
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: The environment's infrastructure
  gantry.platform.terraform:
    environment: "{{ platform_environment }}"
    project: terraform/environments/dev
    data_directory: "{{ platform_directory }}/terraform"
    confirm: "{{ confirm | default('') }}"
    variables:
      node_pools: "{{ platform_node_pools }}"
    backend:
      bucket: gantry-dev-state
      key: platform.tfstate
      region: eu-central-1
      use_lockfile: true
  register: infrastructure

- name: Keep a plan that people read first
  gantry.platform.terraform:
    environment: dev
    project: terraform/environments/dev
    state: planned
    plan_file: .platform/dev/reviewed.tfplan

- name: Apply that plan, and no other
  gantry.platform.terraform:
    environment: dev
    project: terraform/environments/dev
    plan_file: .platform/dev/reviewed.tfplan

- name: Destroy everything
  gantry.platform.terraform:
    environment: dev
    project: terraform/environments/dev
    state: absent
    confirm: "{{ confirm | default('') }}"
"""

RETURN = r"""
changes:
  description:
    - What was (in check mode would be) done, by resource. C(action) is C(create), C(update), C(replace),
      C(delete) or C(forget).
    - Of attributes those that differ. Secrets are C((sensitive)), what is not known yet C((known after apply)).
  returned: success
  type: list
  elements: dict
  sample:
    - address: gantry_node_pool.pools["general"]
      action: update
      before: {nodes: 1}
      after: {nodes: 2}
drift:
  description: What had been changed behind Terraform's back, in the same shape.
  returned: success
  type: list
  elements: dict
  sample: []
destroys:
  description: Addresses of what is destroyed.
  returned: success
  type: list
  elements: str
  sample: []
summary:
  description: The plan in words.
  returned: success
  type: str
  sample: 0 to add, 1 to change, 0 to destroy
outputs:
  description: The root's outputs by name, without those that are sensitive; not for O(state=planned).
  returned: success
  type: dict
  sample: {network: 10.90.0.0/24}
sensitive_outputs:
  description: Names of the outputs that are sensitive.
  returned: success
  type: list
  elements: str
  sample: [kubeconfig]
plan_file:
  description: The kept plan; empty where there is none.
  returned: success
  type: str
  sample: ""
program:
  description: What was run.
  returned: success
  type: dict
  sample: {name: OpenTofu, path: /usr/local/bin/tofu, version: 1.12.6}
lock:
  description: Who holds the state's lock.
  returned: when the state is locked
  type: dict
  sample:
    id: 340f96d9-ddae-c06a-56f8-8cf25225605b
    path: gantry-dev-state/platform.tfstate
    operation: OperationTypeApply
    who: root@builder
    created: 2026-11-25 03:57:04 +0000 UTC
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.terraform.cycle import Request, drive
from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import LockedError, TerraformError
from ansible_collections.gantry.platform.plugins.module_utils.terraform.program import Root, find_program
from ansible_collections.gantry.platform.plugins.module_utils.terraform.sensitive import LEAST

SPEC: dict[str, Any] = {
    "environment": {"type": "str", "required": True},
    "project": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "planned", "absent"], "default": "present"},
    "confirm": {"type": "str", "default": ""},
    "plan_file": {"type": "path"},
    "variables": {"type": "dict", "default": {}},
    "sensitive_variables": {"type": "dict", "default": {}, "no_log": True},
    "variables_files": {"type": "list", "elements": "path", "default": []},
    "backend": {"type": "dict", "default": {}},
    "program": {"type": "str", "default": ""},
    "data_directory": {"type": "path"},
    "cli_config": {"type": "path"},
    "lock_timeout": {"type": "int", "default": 10},
    "targets": {"type": "list", "elements": "str", "default": []},
    "replace": {"type": "list", "elements": "str", "default": []},
}


def root_of(given: dict[str, Any]) -> Root:
    """The root module that the arguments name. Raises TerraformError if there is none."""
    directory = Path(given["project"]).resolve()
    if not any(directory.glob("*.tf*")):
        raise TerraformError(f"project {directory} has no configuration: name the directory of a root module")
    secret = given["sensitive_variables"]
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in secret.items()}
    config = given["cli_config"]
    return Root(
        program=find_program(given["program"]),
        directory=directory,
        data_directory=Path(given["data_directory"] or directory / ".terraform").resolve(),
        cli_config=Path(config).resolve() if config else None,
        variables={f"TF_VAR_{name}": text for name, text in texts.items()},
        secrets=frozenset(text for text in texts.values() if len(text) >= LEAST),
    )


def request_of(given: dict[str, Any]) -> Request:
    """What the arguments ask for. Raises TerraformError where they do not go together."""
    if given["state"] == "planned" and not given["plan_file"]:
        raise TerraformError("state planned needs plan_file, where the plan is kept")
    return Request(
        environment=given["environment"],
        state=given["state"],
        confirm=given["confirm"],
        plan_file=Path(given["plan_file"]).resolve() if given["plan_file"] else None,
        variables=given["variables"],
        sensitive_variables=given["sensitive_variables"],
        variables_files=[Path(path).resolve() for path in given["variables_files"]],
        backend=given["backend"],
        lock_timeout=given["lock_timeout"],
        options=[
            *(f"-target={address}" for address in given["targets"]),
            *(f"-replace={address}" for address in given["replace"]),
        ],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    given = module.params
    begins = f"infrastructure of environment {given['environment']}"
    try:
        root = root_of(given)
        outcome = drive(root, request_of(given), module.check_mode)
    except LockedError as error:
        module.fail_json(msg=f"{begins}: {error}", lock=error.lock)
    except (OSError, TerraformError) as error:
        module.fail_json(msg=f"{begins}: {error}")
    for warning in outcome.warnings:
        module.warn(warning)
    summary = outcome.summary
    module.exit_json(
        changed=outcome.changed,
        changes=[change.as_dict() for change in summary.changes],
        drift=[change.as_dict() for change in summary.drift],
        destroys=summary.destroys,
        summary=summary.counted(),
        outputs=outcome.outputs,
        sensitive_outputs=outcome.sensitive_outputs,
        plan_file=outcome.plan_file,
        program={**asdict(root.program), "path": str(root.program.path)},
        diff={
            "before": {change.address: change.before for change in summary.changes},
            "after": {change.address: change.after for change in summary.changes},
        },
    )


if __name__ == "__main__":
    main()
