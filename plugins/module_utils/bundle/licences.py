"""Licences as packages state them; read while an artifact is built, since images leave them out."""

from __future__ import annotations

import email.parser
import re
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.goinfo import Module

_FORMAT = re.compile(r"^Format(?:-Specification)?:\s*\S*(?:copyright-format|dep-?5|DEP5)", re.MULTILINE | re.IGNORECASE)
_LICENCE = re.compile(r"^License:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_CLASSIFIER = "License :: "
_TEXTS = (
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("MPL-2.0", ("mozilla public license", "2.0")),
    ("MIT", ("permission is hereby granted, free of charge, to any person obtaining a copy",)),
    ("ISC", ("permission to use, copy, modify, and", "distribute this software for any purpose with or without fee")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "neither the name")),
    ("Unlicense", ("this is free and unencumbered software",)),
    ("CC0-1.0", ("cc0 1.0 universal",)),
    ("LGPL-3.0", ("gnu lesser general public license version 3",)),
    ("GPL-3.0", ("gnu general public license version 3",)),
)
"""SPDX names of licences, by words that all stand in the text of one (spdx.org/licenses), and in that of no other."""
_BSD = "redistribution and use in source and binary forms"
_LICENCE_FILES = ("LICENSE*", "LICENCE*", "COPYING*", "License*", "license*")


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


def go(modules: Iterable[Module], cache: Path) -> dict[str, list[str]]:
    """``path@version`` of a module → SPDX names of its licences, by the texts in its directory of Go's module cache.

    A module without such a text, or with one that is not known, states none.
    """
    found = {}
    for module in modules:
        directory = cache / f"{escaped(module.path)}@{escaped(module.version)}"
        texts = {path.name: path for pattern in _LICENCE_FILES for path in directory.glob(pattern) if path.is_file()}
        names = {name for path in texts.values() for name in known(path.read_text(encoding="utf-8", errors="replace"))}
        if names:
            found[f"{module.path}@{module.version}"] = sorted(names)
    return found


def known(text: str) -> list[str]:
    """SPDX names of the licences whose text this is; files may hold several."""
    plain = " ".join(text.lower().split())
    names = [name for name, words in _TEXTS if all(word in plain for word in words)]
    if _BSD in plain and "BSD-3-Clause" not in names:
        names.append("BSD-2-Clause")
    return names


def escaped(path: str) -> str:
    """A module's path or version as Go's module cache writes it: an upper-case letter is ``!`` and its small one."""
    return re.sub(r"[A-Z]", lambda match: f"!{match[0].lower()}", path)


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
