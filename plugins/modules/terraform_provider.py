#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Module gantry.platform.terraform_provider."""

from __future__ import annotations

DOCUMENTATION = r"""
module: terraform_provider
short_description: Installs the provider gantry for OpenTofu and Terraform
version_added: 0.1.0
description:
  - Installs the locked Python packages of the provider C(gantry) into the user's cache, and writes a mirror and a CLI
    configuration by which OpenTofu and Terraform find it without a registry.
  - Give RV(cli_config) to M(gantry.platform.terraform) as O(gantry.platform.terraform#module:cli_config).
options:
  collection:
    description: Root of this collection, in which the provider is.
    type: path
    required: true
  cache:
    description: The user's cache directory.
    type: path
    required: true
  directory:
    description: Directory for the mirror and the CLI configuration.
    type: path
    required: true
attributes:
  check_mode:
    description: Tells what is missing and installs nothing.
    support: full
  diff_mode:
    description: Nothing of it is for people to read.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Install the provider
  gantry.platform.terraform_provider:
    collection: "{{ role_path }}/../.."
    cache: ~/.cache/gantry
    directory: .platform/local/terraform
  register: provider
"""

RETURN = r"""
cli_config:
  description: File for C(TF_CLI_CONFIG_FILE).
  returned: success
  type: str
  sample: /srv/platform/.platform/local/terraform/cli.tfrc
actions:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [write cli.tfrc]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import TerraformError
from ansible_collections.gantry.platform.plugins.module_utils.terraform.provider import Installation


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={name: {"type": "path", "required": True} for name in ("collection", "cache", "directory")},
        supports_check_mode=True,
    )
    installation = Installation(
        **{name: Path(module.params[name]).resolve() for name in ("collection", "cache", "directory")}
    )
    try:
        actions = installation.missing()
        if actions and not module.check_mode:
            installation.install()
    except (OSError, TerraformError) as error:
        module.fail_json(msg=f"provider gantry: {error}")
    module.exit_json(changed=bool(actions), actions=actions, cli_config=str(installation.cli_config))


if __name__ == "__main__":
    main()
