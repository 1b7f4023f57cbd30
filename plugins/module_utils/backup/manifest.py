# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""What a backup consists of. The manifest is written last, so that an interrupted backup is none."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.backup.volumes import BackupError

MANIFEST = "manifest.json"
CHUNK = 1 << 20
NAME = re.compile(r"\d{8}T\d{6}Z")
"""How a backup's directory is called: nothing else beside it is ever removed."""


@dataclass(frozen=True)
class File:
    """A file of a backup: its name, size in bytes, and SHA-256 (hexadecimal)."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A backup: of which environment, of which Kubernetes, when (UTC, ISO 8601), of which nodes."""

    environment: str
    kubernetes_version: str
    at: str
    nodes: tuple[str, ...]
    files: tuple[File, ...]


def measure(path: Path) -> File:
    """A file's size and digest."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return File(path.name, path.stat().st_size, digest.hexdigest())


def write(directory: Path, environment: str, kubernetes_version: str, at: str, nodes: list[str]) -> Manifest:
    """Make a backup of what lies in the directory. Its files and the manifest are its owner's alone."""
    files = sorted(path for path in directory.iterdir() if path.is_file() and path.name != MANIFEST)
    for path in files:
        path.chmod(0o600)
    manifest = Manifest(environment, kubernetes_version, at, tuple(sorted(nodes)), tuple(map(measure, files)))
    partial = directory / f".{MANIFEST}.partial"
    partial.write_text(json.dumps(asdict(manifest), indent=2) + "\n", encoding="utf-8")
    partial.chmod(0o600)
    partial.replace(directory / MANIFEST)
    return manifest


def read(directory: Path) -> Manifest:
    """A backup's manifest. Raises BackupError where there is none."""
    path = directory / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        files = tuple(File(**one) for one in found.pop("files"))
        return Manifest(**{**found, "nodes": tuple(found["nodes"])}, files=files)
    except FileNotFoundError:
        raise BackupError(
            f"backup '{directory}': there is no {MANIFEST}, so it is no backup, or one that was interrupted. Give the "
            "directory of another"
        ) from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{path}: no manifest of a backup ({error}). Give the directory of another") from None


def verify(directory: Path, environment: str, kubernetes_version: str, nodes: list[str]) -> Manifest:
    """The manifest of a backup that is whole and fits. Raises BackupError with all that does not, before any use."""
    manifest, wrong = read(directory), []
    if manifest.environment != environment:
        wrong.append(f"it is of environment {manifest.environment}, this is {environment}: take that inventory")
    if manifest.kubernetes_version.rpartition(".")[0] != kubernetes_version.rpartition(".")[0]:
        wrong.append(
            f"it is of Kubernetes {manifest.kubernetes_version}, the inventory names {kubernetes_version}: set "
            f"platform_kubernetes_version to {manifest.kubernetes_version}, and upgrade afterwards"
        )
    if lost := sorted(set(manifest.nodes) - set(nodes)):
        wrong.append(
            f"it has volumes of {', '.join(lost)}, which no pool asks for: give platform_node_pools their counts"
        )
    for file in manifest.files:
        path = directory / file.name
        if not path.is_file():
            wrong.append(f"{file.name} is gone")
        elif measure(path) != file:
            wrong.append(f"{file.name} is not as it was written (SHA-256)")
    if wrong:
        raise BackupError(f"backup '{directory}' is not restored:\n" + "\n".join(f"- {one}" for one in wrong))
    return manifest


def prune(root: Path, keep: int, environment: str) -> list[str]:
    """Remove all but the newest backups of an environment, and what interrupted ones left; returns their names.

    ``root`` may be anyone's directory: what is not called as a backup is, or is of another environment, stays.
    """
    there = sorted(path for path in root.iterdir() if path.is_dir() and NAME.fullmatch(path.name))
    whole = [path for path in there if (path / MANIFEST).exists()]
    own = [path for path in whole if _is_of(path, environment)]
    going = own[:-keep] if keep else []
    newest = own[-1].name if own else ""
    going += [path for path in there if path not in whole and path.name < newest]
    for path in going:
        shutil.rmtree(path)
    return sorted(path.name for path in going)


def _is_of(directory: Path, environment: str) -> bool:
    try:
        return read(directory).environment == environment
    except BackupError:  # no manifest of ours: not ours to remove
        return False
