#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Module gantry.platform.eks_cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster
short_description: A cluster of EKS, its add-ons, and who may in
version_added: 0.1.0
description:
  - Makes, changes and removes a cluster, and waits until it is so. A wait that fails tells EKS' reasons.
  - Its API is always reached within the VPC. Changes are made one after the other, the upgrade last.
  - What EKS cannot change, a version back, and one that skips a minor version are refused before anything is touched.
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  state:
    description: Whether the cluster is there. One that has node pools, or is protected, is not removed.
    type: str
    choices: [present, absent]
    default: present
  role:
    description: ARN of the control plane's role. It cannot be changed.
    type: str
  version:
    description: Version of Kubernetes. A patch version is passed over.
    type: str
  subnets:
    description: Ids of subnets in two zones at least.
    type: list
    elements: str
  security_groups:
    description: Ids of more security groups of the control plane. If not given, they stay as they are.
    type: list
    elements: str
  public_endpoint:
    description: Whether the API can be reached from outside of the VPC, too.
    type: bool
    default: false
  public_networks:
    description: Networks from which it can; all if not given.
    type: list
    elements: str
  services_network:
    description: Network of services. It cannot be changed.
    type: str
  key:
    description: ARN of the key of KMS that secrets are encrypted with. It can be added, not changed.
    type: str
  logs:
    description: What the control plane logs. If not given, it stays as it is.
    type: list
    elements: str
    choices: [api, audit, authenticator, controllerManager, scheduler]
  authentication:
    description: Who says who may in. A cluster goes from the first to the last alone.
    type: str
    choices: [config_map, api_and_config_map, api]
  deletion_protection:
    description: Whether it refuses to be deleted.
    type: bool
  support:
    description: Whether a version that has ended is upgraded (V(standard)), or paid for (V(extended)).
    type: str
    choices: [standard, extended]
  addons:
    description: Add-ons that are installed. Others stay as they are.
    type: list
    elements: dict
    suboptions:
      name: {description: Its name., type: str, required: true}
      version: {description: Its version; EKS' choice at first if empty., type: str, default: ""}
      role: {description: ARN of its service account's role., type: str, default: ""}
      configuration: {description: Its settings; as they are if not given., type: dict}
      resolve_conflicts:
        description: What becomes of settings that others made in the cluster.
        type: str
        choices: [none, overwrite, preserve]
        default: none
  access:
    description:
      - Who may in. Entries that this module made and that are not listed any more are removed; others stay.
      - With it, who makes the cluster has no rights in it by that.
    type: list
    elements: dict
    suboptions:
      principal: {description: ARN of a role or user of IAM., type: str, required: true}
      policy:
        description: Name of EKS' access policy, as V(AmazonEKSClusterAdminPolicy) or V(AmazonEKSViewPolicy).
        type: str
        required: true
      namespaces: {description: Where it holds; everywhere if empty., type: list, elements: str, default: []}
  tags:
    description: All tags of the cluster but AWS's own. If not given, they stay as they are.
    type: dict
extends_documentation_fragment:
  - gantry.platform.aws
attributes:
  check_mode: {support: full, description: Looks and does nothing; refuses what a run would refuse.}
  diff_mode: {support: full, description: Shows the cluster before and after.}
"""

EXAMPLES = r"""
- name: A private cluster
  gantry.platform.eks_cluster:
    region: eu-central-1
    name: gantry-dev
    role: arn:aws:iam::123456789012:role/gantry-dev-cluster
    version: "1.34"
    subnets: [subnet-0a, subnet-0b, subnet-0c]
    logs: [api, audit, authenticator]
    authentication: api
    access:
      - principal: arn:aws:iam::123456789012:role/platform
        policy: AmazonEKSClusterAdminPolicy
    addons:
      - name: vpc-cni
      - name: coredns

- name: Remove it
  gantry.platform.eks_cluster:
    region: eu-central-1
    name: gantry-dev
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [set the logs of cluster gantry-dev]
cluster:
  description: The cluster in the words of the options; empty where it is absent or would be made.
  returned: success
  type: dict
  sample: {name: gantry-dev, version: "1.34", public_endpoint: false, logs: [api, audit]}
status:
  description: Its state in EKS' words; empty where there is none.
  returned: success
  type: str
  sample: ACTIVE
arn:
  description: Its ARN; empty where there is none.
  returned: success
  type: str
  sample: arn:aws:eks:eu-central-1:123456789012:cluster/gantry-dev
endpoint:
  description: Address of its API; empty where there is none.
  returned: success
  type: str
  sample: https://0123ABCD.gr7.eu-central-1.eks.amazonaws.com
certificate_authority:
  description: Who signs the API's certificate, PEM in base64 as a kubeconfig wants it; empty where there is none.
  returned: success
  type: str
  sample: LS0tLS1CRUdJTi
oidc_issuer:
  description: Who issues tokens of service accounts; empty where there is none.
  returned: success
  type: str
  sample: https://oidc.eks.eu-central-1.amazonaws.com/id/0123ABCD
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

SPEC: dict[str, Any] = {
    "region": {"type": "str", "required": True},
    "endpoint_url": {"type": "str", "default": ""},
    "wait_timeout": {"type": "int", "default": 2400},
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "role": {"type": "str"},
    "version": {"type": "str"},
    "subnets": {"type": "list", "elements": "str"},
    "security_groups": {"type": "list", "elements": "str"},
    "public_endpoint": {"type": "bool", "default": False},
    "public_networks": {"type": "list", "elements": "str"},
    "services_network": {"type": "str"},
    "key": {"type": "str", "no_log": False},
    "logs": {
        "type": "list",
        "elements": "str",
        "choices": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
    },
    "authentication": {"type": "str", "choices": ["config_map", "api_and_config_map", "api"]},
    "deletion_protection": {"type": "bool"},
    "support": {"type": "str", "choices": ["standard", "extended"]},
    "addons": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "version": {"type": "str", "default": ""},
            "role": {"type": "str", "default": ""},
            "configuration": {"type": "dict"},
            "resolve_conflicts": {"type": "str", "choices": ["none", "overwrite", "preserve"], "default": "none"},
        },
    },
    "access": {
        "type": "list",
        "elements": "dict",
        "options": {
            "principal": {"type": "str", "required": True},
            "policy": {"type": "str", "required": True},
            "namespaces": {"type": "list", "elements": "str", "default": []},
        },
    },
    "tags": {"type": "dict"},
}


def spec_of(params: dict[str, Any]) -> Any:
    """The cluster that the arguments ask for."""
    from ansible_collections.gantry.platform.plugins.module_utils.aws.cluster_model import Access, Addon, ClusterSpec
    from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import texts

    def several(name: str) -> tuple[str, ...] | None:
        return None if params[name] is None else tuple(params[name])

    return ClusterSpec(
        name=params["name"],
        role=params["role"],
        version=params["version"],
        subnets=tuple(params["subnets"]),
        security_groups=several("security_groups"),
        public_endpoint=params["public_endpoint"],
        public_networks=several("public_networks"),
        services_network=params["services_network"],
        key=params["key"],
        logs=several("logs"),
        authentication=params["authentication"],
        deletion_protection=params["deletion_protection"],
        support=params["support"],
        tags=texts(params["tags"]),
        addons=None if params["addons"] is None else tuple(Addon(**addon) for addon in params["addons"]),
        access=None
        if params["access"] is None
        else tuple(
            Access(entry["principal"], entry["policy"], tuple(entry["namespaces"])) for entry in params["access"]
        ),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=SPEC,
        required_if=[("state", "present", ("role", "version", "subnets"))],
        supports_check_mode=True,
    )
    try:
        from ansible_collections.gantry.platform.plugins.module_utils.aws import clusters, common, transformations
    except ImportError as error:
        module.fail_json(msg=missing_required_lib(str(error.name)))
    params = module.params
    try:
        client = common.connect("eks", params["region"], params["endpoint_url"])
        if params["state"] == "present":
            outcome = clusters.present(client, spec_of(params), module.check_mode, params["wait_timeout"])
        else:
            outcome = clusters.absent(client, params["name"], module.check_mode, params["wait_timeout"])
    except common.AwsError as error:
        module.fail_json(msg=str(error), code=error.code)
    except transformations.SpecError as error:
        module.fail_json(msg=f"cluster {params['name']}: {error}", code="")
    live = outcome.live
    module.exit_json(
        changed=outcome.changed,
        actions=outcome.actions,
        cluster=outcome.after if live else {},
        status=live.get("status", ""),
        arn=live.get("arn", ""),
        endpoint=live.get("endpoint", ""),
        certificate_authority=(live.get("certificateAuthority") or {}).get("data", ""),
        oidc_issuer=((live.get("identity") or {}).get("oidc") or {}).get("issuer", ""),
        diff={"before": outcome.before, "after": outcome.after},
    )


if __name__ == "__main__":
    main()
