"""The storage of a Docker registry, laid out from OCI layouts by hard links: no blob is copied."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.oci import Layout

_ROOT = "docker/registry/v2"


@dataclass(frozen=True)
class Changes:
    """Paths under the storage's root that were, or in check mode would be, made and removed."""

    added: tuple[str, ...]
    removed: tuple[str, ...]


def wanted(images: Mapping[str, Mapping[str, str]]) -> dict[str, Path | str]:
    """Path in the storage → the blob it links to, or the text it holds.

    `images` are the bundle's: reference → digest and layout. A repository is stored as <upstream host>/<path>.
    """
    entries: dict[str, Path | str] = {}
    for ref, image in images.items():
        repository, _, tag = ref.rpartition(":")
        layout, digest = Layout(Path(image["layout"])), image["digest"]
        try:
            blobs = layout.blobs()
        except (OSError, ValueError, LookupError) as error:
            raise BundleError(
                f"{ref}: its layout {layout.root} cannot be read ({error}); build the bundle anew"
            ) from error
        home = f"{_ROOT}/repositories/{repository}"
        for blob in (digest, *blobs):
            hexadecimal = blob.partition(":")[2]
            entries[f"{_ROOT}/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"] = layout.blob(blob)
        for blob in blobs:
            entries[f"{home}/_layers/{_inner(blob)}/link"] = blob
        entries[f"{home}/_manifests/revisions/{_inner(digest)}/link"] = digest
        entries[f"{home}/_manifests/tags/{tag}/current/link"] = digest
        entries[f"{home}/_manifests/tags/{tag}/index/{_inner(digest)}/link"] = digest
    return entries


def _inner(digest: str) -> str:
    return digest.replace(":", "/")


def lay_out(root: Path, images: Mapping[str, Mapping[str, str]], *, check: bool = False) -> Changes:
    """Make the storage at `root` hold exactly `images`. Manifests appear after their blobs, and vanish before them."""
    entries = wanted(images)
    present = set(_present(root))
    added = [path for path, content in entries.items() if path not in present or not _holds(root / path, content)]
    removed = sorted(present - entries.keys(), key=lambda path: (not path.endswith("link"), path))
    if not check:
        for path in sorted(added, key=lambda path: (path.endswith("link"), "/_manifests/" in path, path)):
            _put(root / path, entries[path])
        for path in removed:
            (root / path).unlink()
            _prune(root, (root / path).parent)
    return Changes(tuple(sorted(added)), tuple(sorted(removed)))


def _present(root: Path) -> Iterator[str]:
    for directory, _, files in os.walk(root):
        for name in files:
            yield str(Path(directory, name).relative_to(root))


def _holds(path: Path, content: Path | str) -> bool:
    """Whether the path is that very blob (its file or a whole one of its size), or holds that text."""
    if isinstance(content, str):
        return path.read_text(encoding="ascii") == content
    # a blob's place is its digest: one of the same size, linked from an older build, serves as well
    return path.exists() and path.stat().st_size == content.stat().st_size


def _put(path: Path, content: Path | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    if isinstance(content, str):
        partial.write_text(content, encoding="ascii")
    else:
        try:
            partial.hardlink_to(content)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                raise
            # the cache lies on another disk: a symbolic link costs no copy either
            partial.symlink_to(content)
    partial.replace(path)


def _prune(root: Path, directory: Path) -> None:
    """Remove directories that became empty, up to `root`."""
    while directory != root and not any(directory.iterdir()):
        directory.rmdir()
        directory = directory.parent
