"""What differs between inventories, as rows of a table. Pure but for `read`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.gantry.platform.plugins.module_utils import documents

ABSENT = "—"
"""Stands for what an environment does not say."""


class DifferencesError(ValueError):
    """Inventories cannot be compared; the message names the path and the remedy."""


@dataclass(frozen=True)
class Row:
    """A variable, or a key within one (`platform_aws.region`), and its value in each environment, in order."""

    name: str
    values: tuple[str, ...]


def read(inventory: Path) -> tuple[str, dict[str, Any]]:
    """An inventory's environment, and what it says of all hosts. Templates stay as they stand there.

    Raises DifferencesError.
    """
    files = sorted((inventory / "group_vars/all").glob("*.yml"))
    if not files:
        raise DifferencesError(f"inventory {inventory} has no group_vars/all/*.yml: name directories of inventories")
    variables: dict[str, Any] = {}
    for path in files:
        try:
            variables |= yaml.load(path.read_text(), Loader=documents.LOADER) or {}  # noqa: S506 (a safe one)
        except (yaml.YAMLError, TypeError) as error:
            raise DifferencesError(f"{path} is no map in YAML: {' '.join(str(error).split())}") from error
    return str(variables.get("platform_environment", inventory.name)), variables


def differences(environments: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Every key whose value is not the same everywhere, in the order in which inventories have them.

    Maps are compared key by key, node pools by their names; other lists as a whole.
    """
    flat = {name: dict(_flat("", variables)) for name, variables in environments.items()}
    names = dict.fromkeys(key for values in flat.values() for key in values)
    rows = (Row(name, tuple(values.get(name, ABSENT) for values in flat.values())) for name in names)
    return [row for row in rows if len(set(row.values)) > 1]


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), item)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) and "name" in item for item in value):
        for item in value:
            rest = {key: inner for key, inner in item.items() if key != "name"}
            yield from _flat(f"{prefix}[{item['name']}]", rest)
    else:
        yield prefix, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value) or "[]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    return str(value)


def table(environments: Iterable[str], rows: Iterable[Row]) -> list[str]:
    """Lines of a table in Markdown, its columns aligned."""
    body = [("", *environments), *((row.name, *row.values) for row in rows)]
    widths = [max(len(line[column]) for line in body) for column in range(len(body[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in body
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]
