"""Streams of YAML documents."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils import documents


class OddError(Exception):
    """A caller's own."""


def test_empty_documents_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n")
    assert documents.read(path, OddError) == [{"a": 1}, {"b": 2}]


def test_what_cannot_be_read_is_the_callers_failure(tmp_path: Path) -> None:
    with pytest.raises(OddError, match=r"none\.yaml cannot be read: No such file or directory; bring it"):
        documents.read(tmp_path / "none.yaml", OddError, "bring it")
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(OddError, match=r"bad\.yaml is not YAML: "):
        documents.read(tmp_path / "bad.yaml", OddError)
