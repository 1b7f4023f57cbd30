# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations


class ModuleDocFragment:
    """Options of modules that speak to an API server."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of the kubeconfig, on the host where the module runs. The default is E(KUBECONFIG), then C(~/.kube/config).
      - Client certificates, tokens, passwords and credential plugins (such as C(aws eks get-token)) are supported.
    type: path
  context:
    description: The kubeconfig's context to use. The default is its current one.
    type: str
"""
