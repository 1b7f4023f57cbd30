#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Put what the platform declares into git."""

from __future__ import annotations

DOCUMENTATION = r"""
module: git_seed
short_description: Put what the platform declares into git, and overwrite nothing
version_added: 0.1.0
description:
  - Commits a directory, and the files that an environment adds, to the branch C(platform) of a repository.
  - Fast-forwards C(main) to it where C(main) has nothing that C(platform) lacks. Otherwise both stay, and
    RV(diverged) says so.
  - Nothing is ever forced. Without a difference there is no commit.
options:
  url:
    description: The repository.
    type: str
    required: true
  username:
    description: Who pushes.
    type: str
    default: ""
  password:
    description: Their password. It reaches git by its environment.
    type: str
    default: ""
  ca_file:
    description: PEM file of the authority that signed the server's certificate; the host's own if not given.
    type: path
  directory:
    description: The directory; hidden files and C(environments) are left out.
    type: path
    required: true
  files:
    description: Path → text of more files.
    type: dict
    default: {}
  commit_message:
    description: Message of the commit.
    type: str
    default: What the platform declares
  git:
    description: Name or path of git.
    type: str
    default: git
attributes:
  check_mode:
    description: Everything but the push is done, in a directory that is removed again.
    support: full
  diff_mode:
    description: Shows git's own difference.
    support: full
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: The services into git
  gantry.platform.git_seed:
    url: https://10.90.0.10:30443/git/platform
    username: operator
    password: "{{ secret }}"
    ca_file: .platform/local/ca.crt
    directory: gitops
    files: "{{ __services_rendered.files }}"
"""

RETURN = r"""
main:
  description: The commit that C(main) is at.
  returned: success
  type: str
  sample: 8d1f6c0e4f0d9d4f0a6c1a1f3a4f6b1c2d3e4f50
own:
  description: The commit that C(platform) is at.
  returned: success
  type: str
  sample: 8d1f6c0e4f0d9d4f0a6c1a1f3a4f6b1c2d3e4f50
diverged:
  description: Whether each of the two has changes that the other lacks.
  returned: success
  type: bool
  sample: false
msg:
  description: Both heads and what to do, where they have parted.
  returned: success
  type: str
  sample: ""
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, run

try:
    from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError, tree_files
    from ansible_collections.gantry.platform.plugins.module_utils.delivery.seed import Remote, seed

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


SPEC: dict[str, Any] = {
    "argument_spec": {
        "url": {"type": "str", "required": True},
        "username": {"type": "str", "default": ""},
        "password": {"type": "str", "default": "", "no_log": True},
        "ca_file": {"type": "path"},
        "directory": {"type": "path", "required": True},
        "files": {"type": "dict", "default": {}},
        "commit_message": {"type": "str", "default": "What the platform declares"},
        "git": {"type": "str", "default": "git"},
    }
}


def call(given: dict[str, Any], mode: Mode) -> dict[str, Any]:
    """The result, of valid parameters."""
    remote = Remote(given["url"], given["username"], given["password"], given["ca_file"] or "")
    try:
        files = tree_files(Path(given["directory"]))
        files |= {path: str(text).encode() for path, text in given["files"].items()}
        outcome = seed(remote, files, given["commit_message"], check=mode.check, git=given["git"])
    except DeliveryError as error:
        return {"failed": True, "msg": f"{given['url']}: {error}"}
    return {
        "changed": outcome.changed,
        "main": outcome.main,
        "own": outcome.own,
        "diverged": outcome.diverged,
        "msg": outcome.message,
        **({"diff": {"prepared": outcome.diff}} if mode.diff and outcome.changed else {}),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(**SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    run(module, call)


if __name__ == "__main__":
    main()
