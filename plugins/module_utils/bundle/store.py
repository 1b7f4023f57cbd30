"""The cache: <root>/<kind>/<name>/<key>/ holds an artifact whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.bundle.apt import file_sha256
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError


@dataclass(frozen=True)
class Place:
    """Where one artifact rests; beside it lie <key>.json (how it was built) and <key>.sha256 (its files)."""

    root: Path
    kind: str
    name: str
    key: str

    @property
    def directory(self) -> Path:
        return self.root / self.kind / self.name

    @property
    def path(self) -> Path:
        return self.directory / self.key

    @property
    def present(self) -> bool:
        """The directory is renamed into place last, so that it is there means that it is whole."""
        return self.path.is_dir()

    @property
    def sums(self) -> Path:
        return self.directory / f"{self.key}.sha256"

    def facts(self) -> dict[str, Any]:
        """What the build noted down: seconds, notes, what the artifact provides."""
        try:
            content = json.loads((self.directory / f"{self.key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BundleError(
                f"{self.path}.json: cannot be read ({error}); remove {self.path} and build anew"
            ) from error
        return dict(content)

    @contextlib.contextmanager
    def building(self) -> Iterator[Path]:
        """A staging directory that becomes the artifact when the block ends well; waits for another build of it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            staging = self.directory / f".{self.key}.partial"
            remove(staging)
            staging.mkdir()
            try:
                yield staging
            except BaseException:
                remove(staging)
                raise

    def publish(self, staging: Path, facts: dict[str, Any]) -> None:
        """Put a finished build in place: its description first, then the directory, in one rename."""
        if self.present:
            remove(staging)
            return
        self.sums.write_text("".join(f"{digest}  {name}\n" for name, digest in _digests(staging)), encoding="utf-8")
        (self.directory / f"{self.key}.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        staging.rename(self.path)

    def collect(self) -> list[str]:
        """Remove the artifact's older builds; returns their keys."""
        old = []
        for path in self.directory.iterdir():
            if path.name.startswith((self.key, ".")):
                continue
            if path.is_dir():
                old.append(path.name)
            remove(path)
        return old

    def damage(self) -> list[str]:
        """What is not as it was built: a line for each file, with what is wrong with it."""
        found = []
        for line in self.sums.read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            path = self.path / name
            if not path.is_file():
                found.append(f"{path}: is gone")
            elif (actual := file_sha256(path)) != digest:
                found.append(f"{path}: sha256 is {actual}, was {digest} when built")
        return found


@contextlib.contextmanager
def held(lock: Path, *, alone: bool) -> Iterator[bool]:
    """Hold a lock file with others, or alone: then it yields False at once where others hold it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        except BlockingIOError:
            yield False
        else:
            yield True


def _digests(root: Path) -> Iterator[tuple[str, str]]:
    for directory, subdirectories, files in os.walk(root):
        subdirectories.sort()
        for name in sorted(files):
            path = Path(directory, name)
            if not path.is_symlink() and path.is_file():
                yield str(path.relative_to(root)), file_sha256(path)


def remove(path: Path) -> None:
    """Remove a file or a tree, read-only directories included; a missing one is fine."""
    if path.is_dir() and not path.is_symlink():
        for directory, _, _ in os.walk(path):
            Path(directory).chmod(0o700)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
