#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Keep the passwords of the stores' accounts."""

from __future__ import annotations

DOCUMENTATION = r"""
module: store_credentials
short_description: Keep the passwords of the accounts that services have at their stores
version_added: 0.1.0
description:
  - Makes what is missing, each password in a file of its own that only its owner reads.
  - Returns the passwords, and what each store knows them by.
  - Set C(no_log) on the task, since what it returns is secret.
options:
  directory:
    description: Directory of the files.
    type: path
    required: true
  names:
    description: Names of the accounts.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    description: Passwords that are missing are made, and not written.
    support: full
  diff_mode:
    description: Passwords are not shown.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Passwords
  gantry.platform.store_credentials:
    directory: /var/lib/gantry/local/data
    names: [orders, stock]
  register: __data_credentials
  no_log: true
"""

RETURN = r"""
accounts:
  description:
    - Name → C(password), C(scram) (the verifier that Postgres keeps), C(bcrypt) (NATS) and C(sha256) (Redis).
  returned: success
  type: dict
  sample: {orders: "(secret)"}
new:
  description: Names of the accounts whose passwords were made.
  returned: success
  type: list
  elements: str
  sample: [orders]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

try:
    from ansible_collections.gantry.platform.plugins.module_utils.data.accounts import account
    from ansible_collections.gantry.platform.plugins.module_utils.delivery import credentials
    from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


SPEC: dict[str, Any] = {
    "argument_spec": {
        "directory": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
    }
}


def call(given: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    try:
        kept = credentials.keep(Path(given["directory"]), tuple(given["names"]), check=mode.check)
        accounts = {name: dict(account(password)) for name, password in kept.values.items()}
    except DeliveryError as error:
        return {"failed": True, "msg": str(error)}
    return {"changed": bool(kept.new), "new": list(kept.new), "accounts": accounts}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    run(module, call)


if __name__ == "__main__":
    main()
