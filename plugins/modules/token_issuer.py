#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Keep the key of the platform's token issuer."""

from __future__ import annotations

DOCUMENTATION = r"""
module: token_issuer
short_description: Keep the key of the platform's token issuer
version_added: 0.1.0
description:
  - Makes an elliptic curve key (P-256) where there is none, and tells its public half as a JWKS.
  - The private half never leaves its file, mode 0600. With another key every token made before is refused.
options:
  key_file:
    description: Path of the key, PEM.
    type: path
    required: true
  state:
    description: C(present) keeps or makes the key; C(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: No key is written. Where there is none the JWKS is that of one which is thrown away.
    support: full
  diff_mode:
    description: Tells whether there is a key, and its id.
    support: full
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Key of the platform's tokens
  gantry.platform.token_issuer:
    key_file: "{{ platform_state_directory }}/pki/tokens.key"
  register: __identity_issuer
"""

RETURN = r"""
jwks:
  description: The public half as a JWKS, JSON text; the same for the same key.
  returned: when O(state=present)
  type: str
  sample: '{"keys":[{"alg":"ES256","crv":"P-256","kid":"…","kty":"EC","use":"sig","x":"…","y":"…"}]}'
kid:
  description: The key's id, its thumbprint after RFC 7638.
  returned: when O(state=present)
  type: str
  sample: p7n1Z1mVvhxTQbGZ3DT0v1ZrO3mE0sJf0sV0n3mDqJk
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

try:
    from ansible_collections.gantry.platform.plugins.module_utils.identity import keys

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


def present(path: Path, check_mode: bool) -> dict[str, Any]:
    """Keeps or makes the key. Raises IdentityError."""
    made = not path.exists()
    key = keys.new_key() if made else keys.read_key(path)
    loose = not made and path.stat().st_mode & 0o077 != 0
    if made and not check_mode:
        keys.write_key(path, key)
    if loose and not check_mode:
        path.chmod(0o600)
    kid = keys.public_jwk(key)["kid"]
    before = "" if made else f"{path}: key {kid}{', readable by others' if loose else ''}\n"
    diff = {"before": before, "after": f"{path}: key {kid if not (made and check_mode) else '(new)'}\n"}
    return {"changed": made or loose, "jwks": keys.jwks(key), "kid": kid, "diff": diff}


def absent(path: Path, check_mode: bool) -> dict[str, Any]:
    """Removes the key."""
    there = path.exists()
    if there and not check_mode:
        path.unlink()
    return {"changed": there, "diff": {"before": f"{path}: a key\n" if there else "", "after": ""}}


SPEC: dict[str, Any] = {
    "argument_spec": {
        "key_file": {"type": "path", "required": True, "no_log": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
}


def call(given: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    act = present if given["state"] == "present" else absent
    try:
        return act(Path(given["key_file"]), mode.check)
    except keys.IdentityError as error:
        return {"failed": True, "msg": f"Cannot keep the key of tokens: {error}"}
    except OSError as error:
        return {"failed": True, "msg": f"Cannot keep the key of tokens: {error.filename}: {error.strerror}"}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    run(module, call)


if __name__ == "__main__":
    main()
