"""Takes secrets out of what a plan says: by its own marks, and by the schema of the providers.

A mark is true where a value is secret as a whole, or has the value's shape with marks within it; a list's marks may be
shorter than the list. Source: the JSON output format, `before_sensitive` and `providers schema -json`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

SENSITIVE = "(sensitive)"
CHANGED = "(sensitive, changed)"
UNKNOWN = "(known after apply)"

Block = Mapping[str, Any]
LEAST = 4
"""Secrets shorter than this are not looked for in messages: they would be found in every word."""


def cleaned(value: Any, marks: Any) -> Any:
    """The value with SENSITIVE in the place of what is marked."""
    if marks is True:
        return SENSITIVE if value is not None else None
    if isinstance(value, Mapping) and isinstance(marks, Mapping):
        return {key: cleaned(item, marks.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(marks, Sequence) and not isinstance(marks, str):
        return [cleaned(item, mark) for item, mark in zip_longest(value, marks[: len(value)])]
    return value


def both(one: Any, other: Any) -> Any:
    """What either marks."""
    if one is True or other is True:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {key: both(one.get(key), other.get(key)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [both(*pair) for pair in zip_longest(one, other)]
    return one or other


def marks_of(block: Block, value: Any) -> Any:
    """The marks that a block of a schema puts on a value of it."""
    if not isinstance(value, Mapping):
        return {}
    marks: dict[str, Any] = {}
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("sensitive"):
            marks[name] = True
        elif nested := attribute.get("nested_type"):
            marks[name] = _within(nested, nested.get("nesting_mode"), value.get(name))
    for name, kind in block.get("block_types", {}).items():
        marks[name] = _within(kind["block"], kind.get("nesting_mode"), value.get(name))
    return marks


def _within(block: Block, mode: str | None, value: Any) -> Any:
    """The same for what is nested: one, a list of them, or a map."""
    if isinstance(value, list):
        return [marks_of(block, item) for item in value]
    if mode == "map" and isinstance(value, Mapping):
        return {key: marks_of(block, item) for key, item in value.items()}
    return marks_of(block, value)


def secrets(value: Any, marks: Any) -> Iterator[str]:
    """Texts and numbers that are marked."""
    if marks is True:
        yield from _leaves(value)
    elif isinstance(value, Mapping) and isinstance(marks, Mapping):
        for key, item in value.items():
            yield from secrets(item, marks.get(key))
    elif isinstance(value, list) and isinstance(marks, list):
        for item, mark in zip(value, marks, strict=False):
            yield from secrets(item, mark)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and len(str(value)) >= LEAST:
        yield str(value)


def scrubbed(text: str, known: frozenset[str]) -> str:
    """A message without these secrets, the longest first."""
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, SENSITIVE)
    return text
