"""What the inventory contract says of attributes: preflight's own checks, asked again when Terraform plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.contract import parse, rules
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake
from tf.types import Unknown
from tf.utils import Diagnostics

POOL = "platform_node_pools[0]"
ATTRIBUTES = {"count": "nodes", "size.cpu": "cpu", "size.memory": "memory", "size": "memory"}
"""Keys of the contract that have another name in Terraform."""


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration says already: neither null nor still to be computed."""
    return {name: value for name, value in values.items() if value is not None and not unknown(value)}


def unknown(value: Any) -> bool:
    """Whether a value, or anything within it, is still to be computed."""
    if isinstance(value, Mapping):
        return any(unknown(item) for item in value.values())
    return any(unknown(item) for item in value) if isinstance(value, list) else value is Unknown


def environment(name: str) -> list[Mistake]:
    """Mistakes in an environment's name."""
    return _about("platform_environment", {"platform_environment": name})


def network(cidr: str) -> list[Mistake]:
    """Mistakes in the machines' network."""
    return _about("platform_networks.machines", {"platform_networks": {"machines": cidr}})


def pool(values: Mapping[str, Any]) -> list[Mistake]:
    """Mistakes in a node pool, as a contract would have it."""
    variables = {"platform_driver": "machines", "platform_node_pools": [dict(values)]}
    contract, present, mistakes = parse.parse(variables)
    # What must hold between fields, of this pool alone: whether there is a control plane, no pool can know.
    mistakes += rules.check(contract, present & set(variables), ())
    return [mistake for mistake in mistakes if mistake.variable.startswith(POOL)]


def _about(prefix: str, variables: Mapping[str, Any]) -> list[Mistake]:
    return [mistake for mistake in parse.parse(variables)[2] if mistake.variable.startswith(prefix)]


def attribute(mistake: Mistake) -> str:
    """The attribute that a mistake is about; empty where it is about all.

    >>> attribute(Mistake("platform_node_pools[0].size.cpu (pool a)", "0", "is too small", "raise it"))
    'cpu'
    """
    key = mistake.variable.split(" (")[0].removeprefix(POOL).removeprefix("platform_").lstrip(".")
    key = {"networks.machines": "cidr"}.get(key, key)
    return ATTRIBUTES.get(key, key.split("[")[0].split(".")[0])


def tell(diagnostics: Diagnostics, mistakes: Iterable[Mistake]) -> None:
    """Report mistakes at the attributes that they are about."""
    for mistake in mistakes:
        name = attribute(mistake)
        diagnostics.add_error(
            f"{name or 'the declaration'} {mistake.value} {mistake.problem}",
            f"Remedy: {mistake.remedy}.",
            path=[name] if name else None,
        )
