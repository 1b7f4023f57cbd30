# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations


class ModuleDocFragment:
    """Options of modules about the machines of an environment."""

    DOCUMENTATION = r"""
options:
  environment:
    description: Name of the environment; everything made on the host carries it.
    type: str
    required: true
  state_directory:
    description: Where machines, keys and the record lie; V(/var/lib/gantry/<environment>) if not given.
    type: path
author: The gantry.platform authors (@gantry-platform)
"""
