# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: autoscaling_manifests
short_description: Fit the manifests of metrics-server and of the vertical pod autoscaler to the platform
version_added: 0.1.0
description:
  - Reads the manifests out of the components' modules and returns their objects, fitted.
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
extends_documentation_fragment:
  - gantry.platform.manifests
  - gantry.platform.pure
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
