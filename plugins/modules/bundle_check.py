# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: bundle_check
short_description: Holds objects, a cluster and a registry against the bundle
description:
  - Finds every image of objects and of a cluster's pods that the bundle lacks, or holds with another digest.
  - Finds every image of the bundle that its registry does not serve with its digest.
  - Changes nothing, and does not fail by itself; C(playbooks/verify.yml) reports what it finds.
options:
  bundle:
    description: The C(bundle.json) that M(gantry.platform.bundle) wrote.
    type: path
    required: true
  objects:
    description: Kubernetes objects whose images are looked up.
    type: list
    elements: dict
    default: []
  kubeconfig:
    description: Cluster whose pods are looked at.
    type: path
  registry:
    description: C(host:port) of the registry that is asked for every image.
    type: str
  public_key:
    description: Public half of the key that images were signed with. With O(registry), every signature is verified.
    type: path
    version_added: 0.1.0
extends_documentation_fragment:
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Hold what runs against the bundle
  gantry.platform.bundle_check:
    bundle: .platform/local/bundle.json
    kubeconfig: .platform/local/kubeconfig
    registry: 10.90.0.1:5000
  register: checked

- name: Every image is the bundle's
  ansible.builtin.assert:
    that: checked.ok
    fail_msg: "{{ checked.evidence }}"
"""

RETURN = r"""
ok:
  description: Whether nothing is missing.
  returned: always
  type: bool
  sample: true
missing:
  description: Images that the bundle lacks or the registry does not serve, each with the reason.
  returned: always
  type: list
  elements: str
  sample: ["docker.io/istio/pilot:1.30: not in the bundle"]
evidence:
  description: What was seen, in words.
  returned: always
  type: str
  sample: 14 images in use, all of them the bundle's by digest; 16 served by 10.90.0.1:5000
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 0.2
"""
