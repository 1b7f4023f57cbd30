#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Fit Argo CD's own manifests to the platform."""

from __future__ import annotations

DOCUMENTATION = r"""
module: argocd_manifests
short_description: Fit Argo CD's own manifests to the platform
version_added: 0.1.0
description:
  - Reads the manifests out of Argo CD's module and returns their objects, fitted. Nothing is applied.
  - Dex, notifications and all cluster-wide rights are left out, and so are upstream's network policies.
options:
  directory:
    description: Directory C(manifests) of the version that is installed.
    type: path
    required: true
  image:
    description: Argo CD's image.
    type: str
    required: true
  redis_image:
    description: Redis' image.
    type: str
    required: true
  namespace:
    description: Argo CD's namespace.
    type: str
    default: argocd
  resources:
    description: Workload → requests and limits of its container.
    type: dict
    default: {}
  data:
    description: ConfigMap or Secret of the manifests → what is set in it. Set C(no_log) where there are secrets.
    type: dict
    default: {}
  annotations:
    description: Annotations of the pods.
    type: dict
    default: {}
attributes:
  check_mode:
    description: Nothing is changed in any mode.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
author:
  - The gantry.platform authors
"""

EXAMPLES = r"""
- name: Argo CD
  gantry.platform.argocd_manifests:
    directory: "{{ bundle_files['argocd-manifests'] }}"
    image: quay.io/argoproj/argocd:v3.6.1
    redis_image: public.ecr.aws/docker/library/redis:7.0.15
  register: __argocd_manifests
"""

RETURN = r"""
objects:
  description: The Kubernetes objects, in upstream's order.
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: v1, kind: ServiceAccount, metadata: {name: argocd-server, namespace: argocd}}]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.delivery import argocd
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "image": {"type": "str", "required": True},
            "redis_image": {"type": "str", "required": True},
            "namespace": {"type": "str", "default": "argocd"},
            "resources": {"type": "dict", "default": {}},
            "data": {"type": "dict", "default": {}},
            "annotations": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    given = dict(module.params)
    directory = Path(given.pop("directory"))
    try:
        objects = argocd.fit(argocd.read(directory), argocd.Settings(**given))
    except DeliveryError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, objects=objects)


if __name__ == "__main__":
    main()
