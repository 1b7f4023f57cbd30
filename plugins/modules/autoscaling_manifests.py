#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Fit the manifests of metrics-server and of the vertical pod autoscaler to the platform."""

from __future__ import annotations

DOCUMENTATION = r"""
module: autoscaling_manifests
short_description: Fit the manifests of metrics-server and of the vertical pod autoscaler to the platform
version_added: 0.1.0
description:
  - Reads the manifests out of the components' modules and returns their objects, fitted. Nothing is applied.
  - All is moved into one namespace, runs restricted, and shows the API server a certificate of a known authority.
options:
  directories:
    description: The directories of manifests of the versions that are installed.
    type: list
    elements: path
    required: true
  namespace:
    description: Namespace of all of it.
    type: str
    required: true
  secret:
    description: Secret (C(kubernetes.io/tls)) with the certificate of the services that the API server calls.
    type: str
    required: true
  ca:
    description: PEM of the authority that signed that certificate.
    type: str
    required: true
  components:
    description:
      - What is not as upstream has it, by the name of the Deployment.
      - C(image); C(resources), its requests and limits; C(annotations) of its pods; C(arguments) beside upstream's, of
        which one of the same name wins, and one without a value takes upstream's away.
    type: dict
    required: true
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
- name: Autoscaling
  gantry.platform.autoscaling_manifests:
    directories:
      - "{{ bundle_files['metrics-server-manifests'] }}"
      - "{{ bundle_files['vertical-pod-autoscaler-manifests'] }}"
    namespace: autoscaling
    secret: autoscaling-certificate
    ca: "{{ lookup('ansible.builtin.file', 'ca.crt') }}"
    components:
      metrics-server:
        image: registry.k8s.io/metrics-server/metrics-server:v0.9.0
        arguments: {metric-resolution: 15s}
      vpa-recommender: {image: "registry.k8s.io/autoscaling/vpa-recommender:1.8.1"}
      vpa-updater: {image: "registry.k8s.io/autoscaling/vpa-updater:1.8.1"}
      vpa-admission-controller: {image: "registry.k8s.io/autoscaling/vpa-admission-controller:1.8.1"}
  register: __autoscaling_manifests
"""

RETURN = r"""
objects:
  description: The Kubernetes objects, in upstream's order.
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1beta1.metrics.k8s.io}}]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.autoscaling import manifests


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "directories": {"type": "list", "elements": "path", "required": True},
            "namespace": {"type": "str", "required": True},
            "secret": {"type": "str", "required": True, "no_log": False},
            "ca": {"type": "str", "required": True},
            "components": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    try:
        components = manifests.components(given["components"])
        settings = manifests.Settings(given["namespace"], given["secret"], given["ca"], components)
        objects = manifests.fit(manifests.read(map(Path, given["directories"])), settings)
    except manifests.AutoscalingError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, objects=objects)


if __name__ == "__main__":
    main()
