# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations


class ModuleDocFragment:
    """Modules that fit a component's own manifests to the platform."""

    DOCUMENTATION = r"""
notes:
  - Nothing is applied; hand the objects to M(gantry.platform.k8s_release).
options: {}
"""

    PODS = r"""
options:
  annotations:
    description: Annotations of the pods.
    type: dict
    default: {}
"""
