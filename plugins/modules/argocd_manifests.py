# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: argocd_manifests
short_description: Fit Argo CD's own manifests to the platform
version_added: 0.1.0
description:
  - Reads the manifests out of Argo CD's module and returns their objects, fitted.
  - The CRDs, in C(crds), are applied as they are and not among the objects.
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
extends_documentation_fragment:
  - gantry.platform.manifests
  - gantry.platform.manifests.pods
  - gantry.platform.pure
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
