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
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

try:
    from ansible_collections.gantry.platform.plugins.module_utils.delivery import credentials
    from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


SPEC: dict[str, Any] = {"argument_spec": {"directory": {"type": "path", "required": True}}}


def call(given: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    try:
        kept = credentials.keep(Path(given["directory"]), check=mode.check)
        return {
            "changed": bool(kept.new),
            "new": list(kept.new),
            "values": dict(kept.values),
            "admin_hash": credentials.bcrypt(kept.values["admin-password"]),
            "git_users": credentials.users(kept.values),
        }
    except DeliveryError as error:
        return {"failed": True, "msg": str(error)}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    run(module, call)


if __name__ == "__main__":
    main()
