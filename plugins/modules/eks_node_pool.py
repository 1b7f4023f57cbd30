#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Module gantry.platform.eks_node_pool."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_node_pool
short_description: A managed node group of EKS
version_added: 0.1.0
description:
  - Makes, changes and removes a managed node group, and waits until it is so. A wait that fails tells EKS' reasons.
  - Labels, taints, bounds, update settings, repair and tags are changed in place. Version, release and the launch
    template's version roll the nodes. What EKS cannot change is refused before anything is touched.
  - How many nodes run is the autoscaler's, once the pool is there. It is moved only where O(min) or O(max) ask for it.
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  name:
    description: Name of the pool, unique within the cluster.
    type: str
    required: true
  state:
    description: Whether the pool is there.
    type: str
    choices: [present, absent]
    default: present
  node_role:
    description: ARN of the role that nodes have. It cannot be changed.
    type: str
  subnets:
    description: Ids of the subnets that nodes are spread over. They cannot be changed.
    type: list
    elements: str
  min:
    description: Fewest nodes.
    type: int
  max:
    description: Most nodes, at least one.
    type: int
  count:
    description: Nodes that a new pool starts with; O(min) if not given. Of a pool that is there it changes nothing.
    type: int
  capacity:
    description: Spot nodes may vanish at any time. It cannot be changed.
    type: str
    choices: [on_demand, spot]
    default: on_demand
  instance_types:
    description: Types of instances, several for spot. They cannot be changed.
    type: list
    elements: str
  ami_type:
    description:
      - Which image nodes start from. It cannot be changed.
      - A new pool without a launch template starts from V(AL2023_x86_64_STANDARD) by default.
    type: str
    choices:
      - AL2023_x86_64_STANDARD
      - AL2023_ARM_64_STANDARD
      - AL2023_x86_64_NEURON
      - AL2023_x86_64_NVIDIA
      - AL2023_ARM_64_NVIDIA
      - BOTTLEROCKET_x86_64
      - BOTTLEROCKET_ARM_64
      - BOTTLEROCKET_x86_64_FIPS
      - BOTTLEROCKET_ARM_64_FIPS
      - BOTTLEROCKET_x86_64_NVIDIA
      - BOTTLEROCKET_ARM_64_NVIDIA
      - CUSTOM
  disk_size:
    description: GiB of a node's disk. It cannot be changed, and belongs in the launch template where there is one.
    type: int
  labels:
    description: All labels of the nodes. If not given, they stay as they are.
    type: dict
  taints:
    description: All taints of the nodes. If not given, they stay as they are.
    type: list
    elements: dict
    suboptions:
      key: {description: As in Kubernetes., type: str, required: true}
      value: {description: As in Kubernetes., type: str, default: ""}
      effect:
        description: As in Kubernetes.
        type: str
        required: true
        choices: [NoSchedule, PreferNoSchedule, NoExecute]
  launch_template:
    description: Launch template that nodes start from. Only its version can be changed.
    type: dict
    suboptions:
      id: {description: Its id., type: str, default: ""}
      name: {description: Its name; either this or O(launch_template.id)., type: str, default: ""}
      version: {description: The number of a version., type: str, default: ""}
  update:
    description: How nodes are replaced when they roll.
    type: dict
    suboptions:
      max_unavailable: {description: Nodes at a time., type: int}
      max_unavailable_percentage:
        description: Nodes at a time, in per cent.
        type: int
      strategy:
        description: V(default) starts new nodes first, V(minimal) ends old ones first, for scarce instance types.
        type: str
        choices: [default, minimal]
  repair:
    description: Whether EKS replaces nodes that are not healthy.
    type: bool
  version:
    description: Version of Kubernetes, at most the cluster's. A patch version is passed over.
    type: str
  release:
    description: Release of the image, as V(1.34.1-20251112).
    type: str
  force:
    description: Whether nodes roll although a disruption budget holds their pods.
    type: bool
    default: false
  tags:
    description: All tags of the pool but AWS's own. If not given, they stay as they are.
    type: dict
extends_documentation_fragment:
  - gantry.platform.aws
attributes:
  check_mode: {support: full, description: Looks and does nothing; refuses what a run would refuse.}
  diff_mode: {support: full, description: Shows the pool before and after.}
"""

EXAMPLES = r"""
- name: On-demand nodes
  gantry.platform.eks_node_pool:
    region: eu-central-1
    cluster: gantry-dev
    name: general
    node_role: arn:aws:iam::123456789012:role/gantry-dev-node
    subnets: [subnet-0a, subnet-0b, subnet-0c]
    min: 2
    max: 6
    instance_types: [m7i.large]
    labels: {gantry.dev/pool: general}

- name: Spot nodes of several types, which only pods that tolerate it use
  gantry.platform.eks_node_pool:
    region: eu-central-1
    cluster: gantry-dev
    name: spot
    node_role: arn:aws:iam::123456789012:role/gantry-dev-node
    subnets: [subnet-0a, subnet-0b, subnet-0c]
    capacity: spot
    min: 0
    max: 10
    instance_types: [m7i.large, m6i.large, m7a.large]
    taints: [{key: gantry.dev/capacity, value: spot, effect: NoSchedule}]
    update: {max_unavailable_percentage: 25}

- name: Remove it
  gantry.platform.eks_node_pool:
    region: eu-central-1
    cluster: gantry-dev
    name: spot
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: ["set labels, bounds of node pool general"]
node_pool:
  description: The pool in the words of the options; empty where it is absent or would be made.
  returned: success
  type: dict
  sample: {name: general, cluster: gantry-dev, min: 2, max: 6, count: 3, capacity: on_demand, labels: {team: shop}}
status:
  description: Its state in EKS' words; empty where there is none.
  returned: success
  type: str
  sample: ACTIVE
arn:
  description: Its ARN; empty where there is none.
  returned: success
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:nodegroup/gantry-dev/general/8ec2
autoscaling_groups:
  description: Names of the groups of EC2 Auto Scaling behind it.
  returned: success
  type: list
  elements: str
  sample: [eks-general-8ec2]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

SPEC: dict[str, Any] = {
    "region": {"type": "str", "required": True},
    "endpoint_url": {"type": "str", "default": ""},
    "wait_timeout": {"type": "int", "default": 2400},
    "cluster": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "node_role": {"type": "str"},
    "subnets": {"type": "list", "elements": "str"},
    "min": {"type": "int"},
    "max": {"type": "int"},
    "count": {"type": "int"},
    "capacity": {"type": "str", "choices": ["on_demand", "spot"], "default": "on_demand"},
    "instance_types": {"type": "list", "elements": "str"},
    "ami_type": {
        "type": "str",
        "choices": [
            "AL2023_x86_64_STANDARD",
            "AL2023_ARM_64_STANDARD",
            "AL2023_x86_64_NEURON",
            "AL2023_x86_64_NVIDIA",
            "AL2023_ARM_64_NVIDIA",
            "BOTTLEROCKET_x86_64",
            "BOTTLEROCKET_ARM_64",
            "BOTTLEROCKET_x86_64_FIPS",
            "BOTTLEROCKET_ARM_64_FIPS",
            "BOTTLEROCKET_x86_64_NVIDIA",
            "BOTTLEROCKET_ARM_64_NVIDIA",
            "CUSTOM",
        ],
    },
    "disk_size": {"type": "int"},
    "labels": {"type": "dict"},
    "taints": {
        "type": "list",
        "elements": "dict",
        "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "value": {"type": "str", "default": ""},
            "effect": {"type": "str", "required": True, "choices": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
        },
    },
    "launch_template": {
        "type": "dict",
        "options": {name: {"type": "str", "default": ""} for name in ("id", "name", "version")},
    },
    "update": {
        "type": "dict",
        "options": {
            "max_unavailable": {"type": "int"},
            "max_unavailable_percentage": {"type": "int"},
            "strategy": {"type": "str", "choices": ["default", "minimal"]},
        },
    },
    "repair": {"type": "bool"},
    "version": {"type": "str"},
    "release": {"type": "str"},
    "force": {"type": "bool", "default": False},
    "tags": {"type": "dict"},
}


def spec_of(params: dict[str, Any]) -> Any:
    """The pool that the arguments ask for."""
    from ansible_collections.gantry.platform.plugins.module_utils.aws.pool_model import PoolSpec, Template
    from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import texts

    template = Template(**params["launch_template"]) if params["launch_template"] else None
    update = {key: value for key, value in (params["update"] or {}).items() if value is not None}
    return PoolSpec(
        cluster=params["cluster"],
        name=params["name"],
        node_role=params["node_role"],
        subnets=tuple(params["subnets"]),
        min=params["min"],
        max=params["max"],
        count=params["min"] if params["count"] is None else params["count"],
        capacity=params["capacity"],
        instance_types=None if params["instance_types"] is None else tuple(params["instance_types"]),
        ami_type=params["ami_type"],
        disk_size=params["disk_size"],
        labels=texts(params["labels"]),
        taints=None if params["taints"] is None else tuple(params["taints"]),
        template=template,
        update=update or None,
        repair=params["repair"],
        version=params["version"],
        release=params["release"],
        tags=texts(params["tags"]),
        force=params["force"],
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=SPEC,
        required_if=[("state", "present", ("node_role", "subnets", "min", "max"))],
        supports_check_mode=True,
    )
    try:
        from ansible_collections.gantry.platform.plugins.module_utils.aws import common, node_pools, transformations
    except ImportError as error:
        module.fail_json(msg=missing_required_lib(str(error.name)))
    params = module.params
    try:
        client = common.connect("eks", params["region"], params["endpoint_url"])
        if params["state"] == "present":
            outcome = node_pools.present(client, spec_of(params), module.check_mode, params["wait_timeout"])
        else:
            outcome = node_pools.absent(
                client, params["cluster"], params["name"], module.check_mode, params["wait_timeout"]
            )
    except common.AwsError as error:
        module.fail_json(msg=str(error), code=error.code)
    except transformations.SpecError as error:
        module.fail_json(msg=f"node pool {params['name']}: {error}", code="")
    resources = outcome.live.get("resources") or {}
    module.exit_json(
        changed=outcome.changed,
        actions=outcome.actions,
        node_pool=outcome.after if outcome.live else {},
        status=outcome.live.get("status", ""),
        arn=outcome.live.get("nodegroupArn", ""),
        autoscaling_groups=[group["name"] for group in resources.get("autoScalingGroups") or []],
        diff={"before": outcome.before, "after": outcome.after},
    )


if __name__ == "__main__":
    main()
