#!/usr/bin/python
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Module gantry.platform.machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: machines
short_description: Makes an environment's node pools into systemd-nspawn machines on this host
version_added: 0.1.0
description:
  - Plans machines from node pools, and creates, starts, stops, repairs and removes them.
  - A machine is a full system in a container of systemd-nspawn, with systemd as its process 1, an address of its own on
    the environment's bridge, and an SSH server.
  - Names are C(<environment>-<pool>-<index>), addresses are recorded and stay. Roots are overlays over one template.
  - Works on hosts with control groups v2 and v1 (hybrid), with or without systemd, and chooses by looking.
  - Every run starts from what is really there. Killed processes, vanished links, rules, mounts or control groups are
    made again.
options:
  state:
    description:
      - V(present) makes every machine of O(pools) run. V(started) and V(stopped) act on recorded machines.
      - V(absent) removes the machines in O(names); without names it removes everything made on the host and puts back
        the settings of the host.
    type: str
    choices: [present, started, stopped, absent]
    default: present
  network:
    description:
      - The machines' network; required for O(state=present).
      - The bridge gets its first address, machines those from the tenth on.
    type: str
  pools:
    description:
      - Node pools as in the inventory contract; required for O(state=present).
      - Keys that machines do not need are passed over.
    type: list
    elements: dict
  template:
    description:
      - Directory with the root file system that new machines are cloned from.
      - A machine keeps the template it was made from while that exists.
    type: path
  names:
    description: Act on these machines only.
    type: list
    elements: str
    default: []
  remove_surplus:
    description:
      - Remove the machines that no pool asks for any more.
      - Without it they are left running and returned as RV(surplus).
    type: bool
    default: false
extends_documentation_fragment:
  - gantry.platform.machines
attributes:
  check_mode: {support: full, description: Looks and does nothing.}
  diff_mode: {support: full, description: Shows each machine before and after.}
"""

EXAMPLES = r"""
- name: Make one control plane and two workers run
  gantry.platform.machines:
    environment: local
    network: 10.90.0.0/24
    template: "{{ bundle_rootfs.machine }}"
    pools:
      - {name: control, role: control_plane, count: 1, size: {cpu: 2, memory: 4Gi}}
      - {name: general, role: worker, count: 2, size: {cpu: 2, memory: 4Gi}, labels: {tier: general}}

- name: Remove the machines that the pools no longer ask for, after their nodes were drained
  gantry.platform.machines:
    environment: local
    network: 10.90.0.0/24
    pools: "{{ platform_node_pools }}"
    remove_surplus: true

- name: Shut one machine down
  gantry.platform.machines:
    environment: local
    names: [local-general-1]
    state: stopped

- name: Leave the host as it was
  gantry.platform.machines:
    environment: local
    state: absent
"""

RETURN = r"""
machines:
  description: The machines, in the pools' order.
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
  description:
    - Recorded machines that no pool asks for, in the same shape.
    - Drain their nodes, then call again with O(remove_surplus=true).
  returned: success
  type: list
  elements: dict
  sample: []
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["raise the bridge gt-local", "create local-general-1"]
host:
  description:
    - The host's cores and its memory in bytes, which a kubelet in a machine sees. Reserve all but the size.
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
"""

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.machines.environment import Environment
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import capacity
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Pool
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import locked
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Outcome
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run


def act(environment: Environment, params: dict[str, Any]) -> Outcome:
    """Call the verb that state names."""
    names = params["names"]
    match params["state"]:
        case "present":
            try:
                network = IPv4Network(params["network"])
            except ValueError as error:
                raise MachinesError(
                    f"network {params['network']!r} is not an IPv4 network ({error}): write it like 10.90.0.0/24"
                ) from error
            template = Path(params["template"]) if params["template"] else None
            return environment.present(
                network, [Pool.parse(pool) for pool in params["pools"]], template, names, params["remove_surplus"]
            )
        case "started":
            return environment.started(names)
        case "stopped":
            return environment.stopped(names)
        case _:
            return environment.absent(names)


SPEC: dict[str, Any] = {
    "argument_spec": {
        "environment": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "started", "stopped", "absent"], "default": "present"},
        "network": {"type": "str"},
        "pools": {"type": "list", "elements": "dict"},
        "template": {"type": "path"},
        "names": {"type": "list", "elements": "str", "default": []},
        "remove_surplus": {"type": "bool", "default": False},
        "state_directory": {"type": "path"},
    },
    "required_if": [("state", "present", ("network", "pools"))],
}


def call(given: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    name = given["environment"]
    environment = Environment(name, Path(given["state_directory"] or f"/var/lib/gantry/{name}"), mode.check)
    try:
        with locked(Path(f"/run/lock/gantry-{name}.lock")):
            outcome = act(environment, given)
    except MachinesError as error:
        return {"failed": True, "msg": f"machines of environment {name}: {error}"}
    return {
        "changed": bool(outcome.actions),
        "machines": outcome.machines,
        "surplus": outcome.surplus,
        "actions": outcome.actions,
        "host": capacity(),
        "ssh": environment.ssh,
        "diff": {"before": outcome.before, "after": outcome.after},
        "warnings": outcome.warnings,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    run(module, call)


if __name__ == "__main__":
    main()
