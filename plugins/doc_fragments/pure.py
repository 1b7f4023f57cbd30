# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations


class ModuleDocFragment:
    """Modules that only compute."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: It computes the same, since nothing is changed in any mode.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""
