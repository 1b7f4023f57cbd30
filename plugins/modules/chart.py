#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: chart
short_description: Render a Helm chart into Kubernetes objects
version_added: 0.1.0
description:
  - Renders a chart that lies in a directory, and returns its objects for M(gantry.platform.k8s_release).
  - It runs on the controller, asks no cluster and no network, and writes nothing. Hooks and tests are left out.
options:
  helm:
    description: Path of helm.
    type: path
    required: true
  directory:
    description: Directory of the chart.
    type: path
    required: true
  name:
    description: Name of the release.
    type: str
    required: true
  namespace:
    description: Namespace of objects that name none.
    type: str
    default: default
  values:
    description: Values that differ from the chart's own.
    type: dict
    default: {}
  kubernetes_version:
    description: Version of Kubernetes to render for; helm's own if not given.
    type: str
    default: ""
  api_versions:
    description: API versions that the chart may take for granted.
    type: list
    elements: str
    default: []
  crds:
    description: Whether the chart's CRDs are among the objects.
    type: bool
    default: true
extends_documentation_fragment:
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Render Cilium
  gantry.platform.chart:
    helm: "{{ bundle_binaries.helm }}"
    directory: "{{ bundle_files['cilium-chart'] }}"
    name: cilium
    namespace: kube-system
    values: {routingMode: tunnel}
  register: cilium
"""

RETURN = r"""
objects:
  description: The objects, in the chart's order.
  returned: success
  type: list
  elements: dict
  sample:
    - {apiVersion: v1, kind: ServiceAccount, metadata: {name: cilium, namespace: kube-system}}
"""
