"""What fixes the bundle's content: go.mod and go.sum, debian.lock.yml, requirements with hashes, services' versions.

Versions are read from these files and stand nowhere else.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml
from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)==([\w.!+]+)")
_TOOL = re.compile(r"^(?:tool\s+|\t)([^\s()]+/[^\s()]+)\s*(?://.*)?$")


@dataclass(frozen=True)
class GoLock:
    """A component's go.mod and go.sum."""

    directory: Path
    version: str
    """Without the leading v, e.g. 1.37.2."""
    tools: tuple[str, ...]
    text: str


@dataclass(frozen=True, order=True)
class DebPin:
    """One Debian package as the archive holds it."""

    name: str
    version: str
    architecture: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} {self.architecture} {self.sha256}"

    @classmethod
    def parse(cls, line: str) -> DebPin:
        """Read a line of the lock: name, version, architecture, sha256."""
        words = line.split()
        if len(words) != 4 or not re.fullmatch(r"[0-9a-f]{64}", words[3]):
            raise BundleError(f"debian.lock.yml: {line!r} is not 'name version architecture sha256'")
        return cls(*words)


@dataclass(frozen=True)
class Locks:
    """All locks of one checkout. `bundle` holds the declarations, `project` the services."""

    bundle: Path
    project: Path

    def go(self, component: str, module: str) -> GoLock:
        """The lock of a Go component; a BundleError names what is missing in it."""
        directory = self.bundle / "go" / component
        mod = _read(directory / "go.mod")
        found = re.search(rf"^(?:require\s+|\t){re.escape(module)} v(\S+)", mod, re.MULTILINE)
        if not found:
            raise BundleError(f"{directory}/go.mod: requires no {module}; add it with `go get {module}@<version>`")
        tools = tuple(_tools(mod))
        if not tools:
            raise BundleError(f"{directory}/go.mod: has no tool directive, so nothing would be built")
        return GoLock(directory, found[1], tools, mod + _read(directory / "go.sum"))

    @cached_property
    def debian(self) -> dict[str, tuple[DebPin, ...]]:
        """Artifact → its locked packages, by name."""
        path = self.bundle / "debian.lock.yml"
        content = yaml.load(_read(path), Loader=documents.LOADER) or {}  # noqa: S506
        return {name: tuple(DebPin.parse(line) for line in lines) for name, lines in content.items()}

    def packages(self, artifact: str, wanted: Iterable[str]) -> tuple[DebPin, ...]:
        """The locked packages of an artifact, all that it declares among them."""
        pins = self.debian.get(artifact, ())
        missing = sorted(set(wanted) - {pin.name for pin in pins})
        if missing:
            raise BundleError(f"debian.lock.yml: {artifact} lacks {', '.join(missing)}; {RELOCK}")
        return pins

    def requirements(self, path: str) -> str:
        """The text of a requirements file of the project."""
        return _read(self.project / path)

    def pypi(self, package: str) -> tuple[str, str]:
        """Version and lock lines of one package of pypi.txt."""
        for block in _blocks(_read(self.bundle / "pypi.txt")):
            found = _REQUIREMENT.match(block)
            if found and found[1].lower() == package.lower():
                if "--hash=sha256:" not in block:
                    raise BundleError(f"{self.bundle}/pypi.txt: {package} has no hash; {RELOCK}")
                return found[2], block
        raise BundleError(f"{self.bundle}/pypi.txt: {package} is not locked; {RELOCK}")

    def service(self, directory: str) -> str:
        """The version that a service's own metadata states."""
        root = self.project / directory
        if (root / "pyproject.toml").exists():
            return str(tomllib.loads(_read(root / "pyproject.toml"))["project"]["version"])
        return str(json.loads(_read(root / "package.json"))["version"])


RELOCK = "lock it with `ansible-playbook playbooks/bundle.yml -e bundle_state=locked`"


def upstream_version(version: str) -> str:
    """The upstream part of a Debian version: 1:1.35.0-4+b7 → 1.35.0, 2.8.2+ds1-1 → 2.8.2."""
    bare = version.partition(":")[2] or version
    return re.split(r"[+~]", bare.rpartition("-")[0] or bare)[0]


def _tools(mod: str) -> Iterable[str]:
    inside = False
    for line in mod.splitlines():
        if re.match(r"^tool\s*\($", line):
            inside = True
        elif line.startswith(")"):
            inside = False
        elif (inside or line.startswith("tool ")) and (found := _TOOL.match(line)):
            yield found[1]


def _blocks(requirements: str) -> Iterable[str]:
    """Requirements with their continuation lines."""
    joined = requirements.replace("\\\n", " ")
    return (line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror})") from error
