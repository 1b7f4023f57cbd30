"""The key of an artifact: a hash of all that decides its content, so that equal inputs are never built twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import Locks, upstream_version
from ansible_collections.gantry.platform.plugins.module_utils.bundle.model import (
    Buildable,
    DebArtifact,
    Declarations,
    FilesArtifact,
    GoArtifact,
    Image,
    NpmArtifact,
    PypiArtifact,
    RootfsArtifact,
)

RECIPES = {"go": 1, "deb": 1, "pypi": 1, "npm": 1, "rootfs": 1, "files": 1, "image": 1}
"""Raised when the code that builds a kind changes what comes out."""
BYTECODE = 1
"""Raised when the same source gives other bytecode: beside the recipe of what has some."""
INSTALLED = 1
"""Raised when the same lock file of wheels gives other files."""
_LENGTH = 20
_LAYERS = {"image": ("layers",), "pypi": ("layer", "base")}
_IGNORED = {"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", "node_modules", ".venv"}


def version(name: str, declarations: Declarations, locks: Locks) -> str | None:
    """The version of an artifact or service as its lock says, or None for what has none (rootfs, files)."""
    if name in declarations.services:
        return locks.service(declarations.services[name])
    item = declarations.artifact(name)
    if isinstance(item, GoArtifact):
        return locks.go(item.name, item.module).version
    if isinstance(item, PypiArtifact) and item.package:
        return locks.pypi(item.package)[0]
    if isinstance(item, DebArtifact):
        pins = {pin.name: pin.version for pin in locks.packages(item.name, item.packages)}
        return upstream_version(pins[item.packages[0]])
    return None


def keys(items: Iterable[Buildable], declarations: Declarations, locks: Locks) -> dict[tuple[bool, str], str]:
    """(is an image, name) → key, for items in an order in which needed ones come first."""
    found: dict[tuple[bool, str], str] = {}
    for item in items:
        material: dict[str, Any] = {
            "recipe": _recipe(item),
            "declaration": _declaration(item),
            "locks": _locks(item, declarations, locks),
            "needs": {needed: found[False, needed] for needed in item.needs()},
        }
        text = json.dumps(material, sort_keys=True, separators=(",", ":"))
        found[item.kind == "image", item.name] = hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
    return found


def _declaration(item: Buildable) -> dict[str, Any]:
    """What of a declaration decides the content; layers only where there are some, so that others keep their keys."""
    chosen = item.model_dump(mode="json", exclude={"set", "suite", "called"})
    if isinstance(item, (Image, PypiArtifact)):
        chosen = {name: value for name, value in chosen.items() if value or name not in _LAYERS[item.kind]}
    return chosen


def _recipe(item: Buildable) -> int | list[int]:
    """How `item` is built; what only some of a kind have counts for them alone."""
    match item:
        case DebArtifact(compile=directories) | Image(compile=directories) if directories:
            return [RECIPES[item.kind], BYTECODE]
        case RootfsArtifact():
            return [RECIPES[item.kind], BYTECODE]
        case PypiArtifact(requirements=str()):
            return [RECIPES[item.kind], INSTALLED, *([BYTECODE] if item.layer else [])]
    return RECIPES[item.kind]


def _locks(item: Buildable, declarations: Declarations, locks: Locks) -> Mapping[str, Any]:
    """The part of the locks and of the project's files that decides the content of `item`."""
    match item:
        case GoArtifact():
            return {"go": _digest(locks.go(item.name, item.module).text), "toolchain": declarations.toolchain}
        case DebArtifact() | RootfsArtifact():
            pins = locks.packages(item.name, item.packages)
            own = item.suite if isinstance(item, DebArtifact) else None
            return {"suite": own or declarations.suite, "packages": [str(pin) for pin in pins]}
        case PypiArtifact(package=str(package)):
            return {"package": locks.pypi(package)[1]}
        case PypiArtifact(requirements=str(requirements)):
            return {"requirements": locks.requirements(requirements)}
        case NpmArtifact():
            root = locks.project / item.directory
            return {"inputs": {name: tree_digest(root / name) for name in item.inputs}}
        case FilesArtifact():
            component = declarations.artifact(item.component)
            if not isinstance(component, GoArtifact):
                raise BundleError(f"files {item.name}: component {item.component} is not a go artifact")
            lock = locks.go(component.name, component.module)
            start = f"{component.module} v{lock.version} "
            return {"module": [line for line in lock.text.splitlines() if line.startswith(start)]}
        case Image():
            return {
                "version": version(item.component, declarations, locks),
                "sources": {target: tree_digest(locks.project / source) for target, source in item.sources.items()},
            }
    raise BundleError(f"{item.kind} {item.name}: unknown kind")


def tree_files(root: Path) -> list[Path]:
    """The files at or under `root` that belong to it, caches of tools left out, in a stable order."""
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise BundleError(f"{root}: no such file or directory; correct `sources` in bundle/images.yml")
    return sorted(
        path for path in root.rglob("*") if path.is_file() and not _IGNORED.intersection(path.relative_to(root).parts)
    )


def tree_digest(root: Path) -> str:
    """A hash of names and contents at or under `root`."""
    digest = hashlib.sha256()
    for path in tree_files(root):
        digest.update(f"{path.relative_to(root)}\0{_digest(path.read_bytes())}\n".encode())
    return digest.hexdigest()


def _digest(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
