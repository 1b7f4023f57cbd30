"""Small helpers for pages in Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
NOTICE = "<!-- Made by `make docs`; do not edit. -->"


def load(path: Path) -> Any:
    """The YAML in a file; an empty map where there is no file."""
    return (yaml.safe_load(path.read_text()) or {}) if path.is_file() else {}


def sentences(text: object) -> str:
    """A description of Ansible's documentation (text or list of texts) on one line; C(x), O(x), V(x) become `x`."""
    lines = text if isinstance(text, list) else [text]
    joined = " ".join(str(line).strip() for line in lines)
    return re.sub(r"\b[COVMP]\(([^()]*(?:\([^()]*\)[^()]*)*)\)", r"`\1`", " ".join(joined.split()))


def cell(text: str) -> str:
    """Text that fits a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def code(value: Any) -> str:
    """A value as inline code."""
    text = (
        yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True).removesuffix("\n...\n").strip()
    )
    return f"``{text}``" if "`" in text else f"`{text}`"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table; none where there are no rows."""
    if not rows:
        return []
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return lines + [f"| {' | '.join(cell(text) for text in row)} |" for row in rows]
