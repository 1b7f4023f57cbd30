#!/usr/bin/python
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Module gantry.platform.machines_info."""

from __future__ import annotations

DOCUMENTATION = r"""
module: machines_info
short_description: Tells which machines an environment has on this host
version_added: 0.1.0
description:
  - Reads the record and looks at the running processes. Needs no network and changes nothing.
options:
  pools:
    description:
      - Node pools as in the inventory contract.
      - With them, machines that no pool asks for are returned as RV(surplus).
    type: list
    elements: dict
extends_documentation_fragment:
  - gantry.platform.machines
attributes:
  check_mode: {support: full, description: It only looks.}
  diff_mode: {support: none, description: Nothing is changed.}
"""

EXAMPLES = r"""
- name: Look at the machines
  gantry.platform.machines_info:
    environment: local
  register: machines
"""

RETURN = r"""
machines:
  description: The recorded machines.
  returned: success
  type: list
  elements: dict
  sample:
    - name: local-general-1
      address: 10.90.0.11
      pool: general
      role: worker
      capacity: on_demand
      labels: {tier: general}
      taints: []
      size: {cpu: 2, memory: 4Gi}
      state: running
surplus:
  description: Recorded machines that none of O(pools) asks for, in the same shape.
  returned: success
  type: list
  elements: dict
  sample: []
network:
  description: The machines' network; empty without machines.
  returned: success
  type: str
  sample: 10.90.0.0/24
host:
  description: The host's cores and its memory in bytes.
  returned: success
  type: dict
  sample: {cpu: 2, memory: 25190285312}
ssh:
  description: How to reach the machines as root.
  returned: success
  type: dict
  sample:
    private_key_file: /var/lib/gantry/local/ssh/id_ed25519
    common_args: -o UserKnownHostsFile=/var/lib/gantry/local/ssh/known_hosts -o StrictHostKeyChecking=yes
missing_packages:
  description: Debian packages with commands that machines need and this host lacks.
  returned: success
  type: list
  elements: str
  sample: [systemd-container]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.machines.environment import Environment
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import capacity, missing_packages
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Pool, names_of
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import read_record
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

SPEC: dict[str, Any] = {
    "argument_spec": {
        "environment": {"type": "str", "required": True},
        "pools": {"type": "list", "elements": "dict"},
        "state_directory": {"type": "path"},
    }
}


def call(given: dict[str, Any], _mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    name = given["environment"]
    environment = Environment(name, Path(given["state_directory"] or f"/var/lib/gantry/{name}"))
    try:
        record = read_record(environment.state_directory)
        machines = environment.describe(record.machines, environment.processes())
        wanted = {machine["name"] for machine in machines}
        if given["pools"] is not None:
            wanted = set(names_of(name, [Pool.parse(pool) for pool in given["pools"]]))
    except MachinesError as error:
        return {"failed": True, "msg": f"machines of environment {name}: {error}"}
    return {
        "machines": [machine for machine in machines if machine["name"] in wanted],
        "surplus": [machine for machine in machines if machine["name"] not in wanted],
        "network": record.network,
        "host": capacity(),
        "ssh": environment.ssh,
        "missing_packages": missing_packages(),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    run(module, call)


if __name__ == "__main__":
    main()
