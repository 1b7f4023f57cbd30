# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)

from __future__ import annotations


class ModuleDocFragment:
    """Options of modules that speak to AWS."""

    DOCUMENTATION = r"""
options:
  region:
    description: Region of AWS, as V(eu-central-1).
    type: str
    required: true
  endpoint_url:
    description: Where the API answers instead of AWS's own address, as a test's server or an endpoint of the VPC.
    type: str
    default: ""
  wait_timeout:
    description: Seconds that each thing that is waited for may take. A run after that goes on waiting.
    type: int
    default: 2400
notes:
  - Credentials come by the environment, C(~/.aws) or the instance's role, as to every program of AWS.
  - A call that is throttled, or gets no answer, is repeated up to eight times. Every other failure names its remedy.
  - A run that was interrupted is finished by the next one, which waits for what that one began.
requirements:
  - boto3
author: The gantry.platform authors (@gantry-platform)
"""
