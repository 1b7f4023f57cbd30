# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: environments_diff
short_description: What differs between inventories
version_added: 0.1.0
description:
  - Reads C(group_vars/all/*.yml) of inventories and returns every key whose value is not the same in all of them.
  - Maps are compared key by key, node pools by their names. Templates are compared as they stand there.
options:
  inventories:
    description: Directories of inventories, in the order of the table's columns.
    type: list
    elements: path
    required: true
extends_documentation_fragment:
  - gantry.platform.pure
"""

EXAMPLES = r"""
- name: Compare what is tried with what customers use
  gantry.platform.environments_diff:
    inventories: [inventories/staging, inventories/prod]
  register: compared
"""

RETURN = r"""
environments:
  description: The environments, in the order of values.
  returned: success
  type: list
  elements: str
  sample: [staging, prod]
differences:
  description: What differs.
  returned: success
  type: list
  elements: dict
  sample: [{name: platform_aws.monthly_budget, values: ["600", "2500"]}]
table:
  description: The same as lines of a table in Markdown.
  returned: success
  type: list
  elements: str
  sample: ["| platform_aws.monthly_budget | 600 | 2500 |"]
"""
