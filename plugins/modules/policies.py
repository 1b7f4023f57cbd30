# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: policies
short_description: Fit the policies of a directory to an environment
version_added: 0.1.0
description:
  - Reads Gatekeeper's templates and constraints and gives them an environment's enforcement, exceptions and parameters.
  - Every mistake is reported at once, an exception whose day is over among them. Nothing is applied.
  - Hand the objects to M(gantry.platform.k8s_release), or judge others by them with M(gantry.platform.policy_check).
options:
  directory:
    description: Holds a folder for each policy (C(template.yaml), C(constraint.yaml)) and files that all share.
    type: path
    required: true
  enforcement:
    description: What Gatekeeper does with a breach.
    type: str
    choices: [deny, warn, dryrun]
    default: deny
  overrides:
    description: Policy → another enforcement than C(enforcement).
    type: dict
    default: {}
  exceptions:
    description: Objects that policies leave alone, each with a reason and a last day.
    type: list
    elements: dict
    default: []
    suboptions:
      policies:
        description: Names of policies, or C(["*"]) for all.
        type: list
        elements: str
        required: true
      objects:
        description: Globs of C(namespace/name).
        type: list
        elements: str
        required: true
      reason:
        description: Why.
        type: str
        required: true
      until:
        description: The last day, as C(2027-12-31).
        type: str
        required: true
  parameters:
    description: Policy → parameters that take the place of those in its constraint.
    type: dict
    default: {}
  images:
    description: The bundle's images by reference, each with its C(digest). Where given, no others may run.
    type: dict
    default: {}
  namespaces:
    description: Where the policies hold (globs); everywhere where there are none.
    type: list
    elements: str
    default: []
  unserved_groups:
    description: API groups that the cluster does not serve. Policies do not look up their kinds.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Policies of this environment
  gantry.platform.policies:
    directory: "{{ role_path }}/../../policies"
    enforcement: deny
    images: "{{ bundle_images }}"
    exceptions:
      - policies: [pod-security]
        objects: [monitoring/node-exporter-*]
        reason: It reads the node's own figures
        until: "2027-06-30"
  register: __opa_policies
"""

RETURN = r"""
objects:
  description: Templates and what they share, then constraints a wave later.
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: templates.gatekeeper.sh/v1, kind: ConstraintTemplate, metadata: {name: gantryprobes}}]
names:
  description: The policies' names.
  returned: always
  type: list
  elements: str
  sample: [default-deny, image-digests, named-ports]
rules:
  description: API groups and kinds that any policy looks at, for the webhook's rules.
  returned: always
  type: list
  elements: dict
  sample: [{apiGroups: [""], kinds: [Pod, Service]}]
"""
