"""Licences as packages state them; read while an artifact is built, since images leave them out."""

from __future__ import annotations

import email.parser
import re
from pathlib import Path

_FORMAT = re.compile(r"^Format(?:-Specification)?:\s*\S*(?:copyright-format|dep-?5|DEP5)", re.MULTILINE | re.IGNORECASE)
_LICENCE = re.compile(r"^License:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_CLASSIFIER = "License :: "


def debian(tree: Path) -> dict[str, list[str]]:
    """Package → short names of its licences, of the machine-readable usr/share/doc/*/copyright of unpacked packages.

    The format is Debian's copyright-format 1.0. A file of another form states none.
    """
    found = {}
    for path in sorted((tree / "usr/share/doc").glob("*/copyright")):
        if not path.is_file():
            continue  # a link to the directory of a package that is not here
        text = path.read_text(encoding="utf-8", errors="replace")
        names = sorted(set(_LICENCE.findall(text))) if _FORMAT.search(text) else []
        if names:
            found[path.parent.name] = names
    return found


def python(tree: Path) -> dict[str, list[str]]:
    """Distribution (normalized name) → its licence, of METADATA: expression, name or classifiers."""
    found = {}
    for path in sorted(tree.glob("*.dist-info/METADATA")):
        about = email.parser.HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
        told = about.get("License-Expression") or about.get("License") or ""
        classes = [line for line in about.get_all("Classifier", []) if line.startswith(_CLASSIFIER)]
        # a licence's whole text in that field is no name
        names = [told] if told and "\n" not in told else [line.rpartition(" :: ")[2] for line in classes]
        if names:
            found[normalized(about["Name"])] = sorted(names)
    return found


def normalized(name: str) -> str:
    """A Python distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
