#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: gitops
short_description: Render what an environment makes of the project's gitops directory
version_added: 0.1.0
description:
  - Reads a directory of C(<service>/{base,stages/<stage>}), and returns the files that the environment adds to it,
    and the objects that they come to.
  - Each file is a C(kustomization.yaml) that pins the images of one service in one stage to digests, and patches it.
  - It runs on the controller, asks no cluster and no network, and writes nothing.
options:
  kubectl:
    description: Path of kubectl, which has kustomize built in.
    type: path
    required: true
  directory:
    description: The directory of services and stages.
    type: path
    required: true
  environment:
    description: Name of the environment.
    type: str
    required: true
  stages:
    description: Stage → list of the services that run in it.
    type: dict
    required: true
  images:
    description: Image reference → mapping with its C(digest). Where there are none, nothing is pinned.
    type: dict
    default: {}
  patches:
    description: What the environment changes, as kustomize has it. A patch goes to the services that have its target.
    type: list
    elements: dict
    default: []
    suboptions:
      target:
        description: Kind and name of the objects.
        type: dict
        required: true
      patch:
        description: A strategic merge patch, or a list of JSON patch operations.
        type: raw
        required: true
  objects:
    description: Whether the objects are rendered too.
    type: bool
    default: true
extends_documentation_fragment:
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: The services of this environment
  gantry.platform.gitops:
    kubectl: "{{ bundle_binaries.kubectl }}"
    directory: "{{ role_path }}/../../gitops"
    environment: local
    stages: {prod: [catalog]}
    images: "{{ bundle_images }}"
  register: __services_rendered
"""

RETURN = r"""
files:
  description: Path → text of the files that the environment adds.
  returned: success
  type: dict
  sample: {environments/local/prod/catalog/kustomization.yaml: "apiVersion: kustomize.config.k8s.io/v1beta1"}
objects:
  description: The objects that the environment's services come to.
  returned: success
  type: list
  elements: dict
  sample:
    - {apiVersion: v1, kind: Service, metadata: {name: catalog, namespace: shop}}
"""
