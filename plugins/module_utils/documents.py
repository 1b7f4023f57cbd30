"""Streams of YAML documents: upstream's manifests, and what programs of the bundle render."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The fast one of the safe loaders, where libyaml is there."""


def parse(text: str) -> list[dict[str, Any]]:
    """The documents of a stream that hold something. Raises yaml.YAMLError."""
    return [document for document in yaml.load_all(text, Loader=LOADER) if document]


def read(path: Path, failure: type[Exception], remedy: str = "") -> list[dict[str, Any]]:
    """The documents of a file. Raises ``failure``, which names the file, what is wrong, and the ``remedy``."""
    ending = f"; {remedy}" if remedy else ""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise failure(f"{path} cannot be read: {error.strerror}{ending}") from error
    except yaml.YAMLError as error:
        raise failure(f"{path} is not YAML: {error}{ending}") from error


def read_directory(directory: Path, failure: type[Exception], remedy: str) -> list[dict[str, Any]]:
    """The documents of all manifests right in a directory, by name; what kustomize alone reads is none.

    Raises ``failure`` also where there is no manifest.
    """
    files = sorted(path for path in directory.glob("*.yaml") if path.name != "kustomization.yaml")
    if not files:
        raise failure(f"{directory} has no manifests; {remedy}")
    return [document for path in files for document in read(path, failure, remedy)]
