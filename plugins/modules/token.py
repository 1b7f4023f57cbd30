#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Make a short-lived token of the platform's issuer."""

from __future__ import annotations

DOCUMENTATION = r"""
module: token
short_description: Make a short-lived token of the platform's issuer
version_added: 0.1.0
description:
  - Signs a JWT (ES256) with the key that M(gantry.platform.token_issuer) keeps and writes it to a file of mode 0600.
  - The token itself is in no log and in no result. Every run makes another one.
options:
  key_file:
    description: Path of the issuer's key.
    type: path
    required: true
  dest:
    description: File to write the token to, for its owner alone. Missing directories are made.
    type: path
    required: true
  issuer:
    description: Who says so, the claim C(iss).
    type: str
    required: true
  audience:
    description: Whom it is for, the claim C(aud).
    type: str
    required: true
  subject:
    description: Whom it names, the claim C(sub).
    type: str
    required: true
  scopes:
    description: What it allows, the words of the claim C(scope).
    type: list
    elements: str
    default: []
  minutes:
    description: How long it is valid, at most 720. It cannot be taken back.
    type: float
    default: 10
attributes:
  check_mode:
    description: What is asked for is checked, and nothing is written.
    support: full
  diff_mode:
    description: A token is not to be seen.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: A token for a partner that may export the catalog
  gantry.platform.token:
    key_file: "{{ platform_state_directory }}/pki/tokens.key"
    dest: "{{ platform_directory }}/tokens/alice"
    issuer: https://local.gantry.internal
    audience: platform
    subject: alice
    scopes: [catalog.export]
    minutes: 15
"""

RETURN = r"""
dest:
  description: Where the token is.
  returned: always
  type: str
  sample: .platform/local/tokens/alice
expires:
  description: When it ends, UTC.
  returned: always
  type: str
  sample: "2026-11-24T21:15:00Z"
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible_collections.gantry.platform.plugins.module_utils.identity import keys, tokens

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


def main() -> None:
    """Entry point."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "key_file": {"type": "path", "required": True, "no_log": False},
            "dest": {"type": "path", "required": True},
            "issuer": text,
            "audience": text,
            "subject": text,
            "scopes": {"type": "list", "elements": "str", "default": []},
            "minutes": {"type": "float", "default": 10},
        },
        supports_check_mode=True,
    )
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    given = module.params
    dest = Path(given["dest"])
    try:
        grant = tokens.Grant(
            given["issuer"], given["audience"], given["subject"], tuple(given["scopes"]), given["minutes"]
        )
        claims = tokens.claims(grant, time.time())
        token = tokens.sign(keys.read_key(Path(given["key_file"])), claims)
        if not module.check_mode:
            keys.write_secret(dest, token.encode())
    except keys.IdentityError as error:
        module.fail_json(msg=f"Cannot make a token: {error}")
    except OSError as error:
        module.fail_json(msg=f"Cannot make a token: {error.filename}: {error.strerror}")
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(claims["exp"]))
    module.exit_json(changed=True, dest=str(dest), expires=expires)


if __name__ == "__main__":
    main()
