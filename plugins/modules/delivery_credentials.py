#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Keep the secrets of delivery."""

from __future__ import annotations

DOCUMENTATION = r"""
module: delivery_credentials
short_description: Keep the secrets of Argo CD and of the git server
version_added: 0.1.0
description:
  - Makes what is missing, each secret in a file of its own that only its owner reads; returns what the objects need.
  - Set C(no_log) on the task, since what it returns is secret.
options:
  directory:
    description: Directory of the files.
    type: path
    required: true
attributes:
  check_mode:
    description: Secrets that are missing are made, and not written.
    support: full
  diff_mode:
    description: Secrets are not shown.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Secrets
  gantry.platform.delivery_credentials:
    directory: /var/lib/gantry/local/argocd
  register: __argocd_secrets
  no_log: true
"""

RETURN = r"""
values:
  description: The secrets by name.
  returned: success
  type: dict
  sample: {git-operator: "(secret)"}
admin_hash:
  description: What Argo CD knows its administrator's password by.
  returned: success
  type: str
  sample: "(secret)"
git_users:
  description: The git server's file of users.
  returned: success
  type: str
  sample: "(secret)"
new:
  description: Names of the secrets that were made.
  returned: success
  type: list
  elements: str
  sample: [admin-password]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible_collections.gantry.platform.plugins.module_utils.delivery import credentials
    from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={"directory": {"type": "path", "required": True}}, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    try:
        kept = credentials.keep(Path(module.params["directory"]), check=module.check_mode)
        result = {
            "values": dict(kept.values),
            "admin_hash": credentials.bcrypt(kept.values["admin-password"]),
            "git_users": credentials.users(kept.values),
        }
    except DeliveryError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(kept.new), new=list(kept.new), **result)


if __name__ == "__main__":
    main()
