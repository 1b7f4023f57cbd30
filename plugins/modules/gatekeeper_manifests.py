# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: gatekeeper_manifests
short_description: Fit Gatekeeper's own manifest to the platform
version_added: 0.1.0
description:
  - Reads the manifest out of Gatekeeper's module and returns its objects, fitted.
  - Mutation is left out, and the webhook is asked only about kinds that a policy looks at.
options:
  manifest:
    description: Path of C(deploy/gatekeeper.yaml) of the version that is installed.
    type: path
    required: true
  image:
    description: Gatekeeper's image.
    type: str
    required: true
  replicas:
    description: Replicas of the webhook. More than one also keeps upstream's disruption budget.
    type: int
    default: 1
  failure_policy:
    description: What the API server does while the webhook does not answer.
    type: str
    choices: [Ignore, Fail]
    default: Ignore
  timeout:
    description: Seconds that the webhook may take.
    type: int
    default: 3
  audit_interval:
    description: Seconds between audits.
    type: int
    default: 60
  violations_kept:
    description: Violations that each constraint's status lists.
    type: int
    default: 50
  resources:
    description: Requests and limits of each pod.
    type: dict
    default: {}
  rules:
    description: API groups and kinds that policies look at, as M(gantry.platform.policies) returns them.
    type: list
    elements: dict
    default: []
  exempt_namespaces:
    description: Namespaces about which the webhook is not asked; the audit still sees them.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - gantry.platform.manifests
  - gantry.platform.manifests.pods
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Gatekeeper
  gantry.platform.gatekeeper_manifests:
    manifest: "{{ bundle_files['gatekeeper-manifest'] }}"
    image: docker.io/openpolicyagent/gatekeeper:v3.23.1
    rules: "{{ __opa_policies.rules }}"
  register: __opa_gatekeeper
"""

RETURN = r"""
objects:
  description: The Kubernetes objects, in upstream's order.
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: v1, kind: Namespace, metadata: {name: gatekeeper-system}}]
"""
