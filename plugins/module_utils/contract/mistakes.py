"""What is wrong with an inventory, in words that help: the variable, its value, the problem, the remedy."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = "absent"


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake. `value` is what stands there, as text."""

    variable: str
    value: str
    problem: str
    remedy: str


def shown(value: Any) -> str:
    """A value as people would write it in YAML, not too long."""
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = str(value)
    return textwrap.shorten(text, 100, placeholder=" …")


def nearest(name: str, known: Collection[str], cutoff: float = 0.75) -> str:
    """The known name that is most like this one; empty where none is like it."""
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=cutoff)
    return found[0] if found else ""


def table(mistakes: Iterable[Mistake], title: str) -> str:
    """All mistakes as one message for people."""
    listed: Sequence[Mistake] = sorted(set(mistakes))
    count = "1 mistake" if len(listed) == 1 else f"{len(listed)} mistakes"
    blocks = [
        f"{number}. {mistake.variable}: {mistake.value}\n   {mistake.problem}.\n   Remedy: {mistake.remedy}."
        for number, mistake in enumerate(listed, start=1)
    ]
    return f"{title}: {count}. Nothing has been touched.\n\n" + "\n".join(blocks)
