# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: istio_manifests
short_description: Render the objects of an Istio installation
version_added: 0.1.0
description:
  - Renders an IstioOperator specification with the charts inside istioctl, on the controller.
  - No cluster and no network is asked.
  - The failure policy of the validating webhooks is left out, as istiod itself sets it.
options:
  istioctl:
    description: Path of istioctl on the controller. Its version is the version of Istio.
    type: path
    required: true
  spec:
    description:
      - The C(spec) of an IstioOperator, with profile, hub, tag, components, meshConfig and values.
      - A field that istioctl does not know fails, and the message names it.
    type: dict
    required: true
extends_documentation_fragment:
  - gantry.platform.manifests
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Render the mesh
  gantry.platform.istio_manifests:
    istioctl: "{{ bundle_binaries.istioctl }}"
    spec:
      profile: minimal
      hub: docker.io/istio
      tag: "1.31"
  register: __mesh

- name: Apply it
  gantry.platform.k8s_release:
    name: istio
    namespace: istio-system
    objects: "{{ __mesh.objects }}"
    kubeconfig: "{{ platform_kubeconfig }}"
"""

RETURN = r"""
objects:
  description: The Kubernetes objects, in the order in which istioctl gives them.
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: v1, kind: ServiceAccount, metadata: {name: istiod, namespace: istio-system}}]
"""
