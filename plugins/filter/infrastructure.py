# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters from an inventory's variables to Terraform's, and from its outputs to facts: pure transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.basic import missing_required_lib

try:
    from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import table
    from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract
    from ansible_collections.gantry.platform.plugins.module_utils.contract.parse import parse
    from ansible_collections.gantry.platform.plugins.module_utils.infrastructure import outputs, variables

    MISSING_LIBRARY = ""
except ImportError as error:  # the filters can be listed all the same
    MISSING_LIBRARY = error.name or str(error)


def _plain(value: Any) -> Any:
    """A value as Python itself has it: Ansible's own maps and lists are templated as they are gone through."""
    if MISSING_LIBRARY:
        raise AnsibleFilterError(missing_required_lib(MISSING_LIBRARY))
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return str(value) if isinstance(value, str) else value


def _contract(hostvars: Mapping[str, Any]) -> Contract:
    """The contract that a host's variables hold; all others are left alone."""
    contract, _, mistakes = parse({name: _plain(hostvars[name]) for name in Contract.model_fields if name in hostvars})
    if mistakes:
        raise AnsibleFilterError(table(mistakes, "The inventory does not fit"))
    return contract


def terraform_variables(hostvars: Mapping[str, Any], images: Iterable[str] = ()) -> dict[str, Any]:
    """The variables of an environment's root of Terraform; ``images``: references that the bundle holds."""
    try:
        return variables.variables(_contract(hostvars), images)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def terraform_bootstrap(hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the root that makes the bucket of an environment's state."""
    try:
        return variables.bootstrap(_contract(hostvars))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def terraform_backend(hostvars: Mapping[str, Any]) -> dict[str, Any]:
    """What completes the ``backend`` block of an environment's root: bucket, key, region, use_lockfile."""
    try:
        return variables.backend(_contract(hostvars))
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


def terraform_outputs(told: Mapping[str, Any]) -> dict[str, Any]:
    """What later stages read of an environment's root, from its outputs by name: of AWS all that stands in docs."""
    try:
        return outputs.read(_plain(told)).model_dump()
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """The filters by name."""
        return {
            "terraform_backend": terraform_backend,
            "terraform_bootstrap": terraform_bootstrap,
            "terraform_outputs": terraform_outputs,
            "terraform_variables": terraform_variables,
        }
