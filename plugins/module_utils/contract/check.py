"""All of the contract's checks in order: names, values, what must hold between them, and last the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.contract import host, names, parse, rules, servers
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract


def inventory(
    variables: Mapping[str, Any], collection: Path, known: names.Names
) -> tuple[Contract, frozenset[str], list[Mistake]]:
    """The contract as far as it can be read, the names of the fields that could be, and all mistakes in the variables.

    `collection`: the collection's root, for the bundle's versions.
    """
    contract, present, mistakes = parse.parse(variables)
    mistakes += names.check_names(variables, known)
    mistakes += names.check_roles(variables, known)
    mistakes += rules.check(contract, present, host.bundle_versions(collection / "bundle"))
    return contract, present, mistakes


def everything(
    variables: Mapping[str, Any],
    collection: Path,
    known: names.Names,
    gather: Callable[[], host.HostFacts],
    asked: Sequence[servers.Server] | None = None,
) -> tuple[Contract, list[Mistake]]:
    """Also asks the host, as far as the contract could be read. With mistakes the contract is not to be used.

    `asked`: what servers have answered; None where they were not asked.
    """
    contract, present, mistakes = inventory(variables, collection, known)
    if "platform_driver" in present:
        mistakes += host.check(contract, present, gather())
        if contract.platform_driver == "servers" and asked is not None:
            mistakes += servers.check(contract, present, asked)
    return contract, mistakes
