"""Resolves the Debian packages of the bundle anew: what the suite holds now becomes debian.lock.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle import model
from ansible_collections.gantry.platform.plugins.module_utils.bundle.apt import Apt
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import DebPin, Locks
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner

HEAD = "# Debian packages of each artifact: name, version, architecture, sha256. Written by playbooks/bundle.yml.\n"


def relock(source: Path, cache: Path, only: Iterable[str] = ()) -> tuple[str, str]:
    """The lock's text as it is, and as it would be with `only` these artifacts (all by default) resolved anew."""
    declarations = model.load(source)
    path = source / "debian.lock.yml"
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    items = {item.name: item for item in declarations.artifacts if item.kind in ("deb", "rootfs")}
    chosen = list(only) or list(items)
    if unknown := sorted(set(chosen) - set(items)):
        raise BundleError(
            f"{', '.join(unknown)}: no artifact of Debian packages has that name; these have: {', '.join(items)}"
        )
    pins: dict[str, Sequence[DebPin]] = {}
    if before:
        pins |= {name: lines for name, lines in Locks(source, source.parent).debian.items() if name in items}
    runner = Runner(cache / "bundle/lock.log")
    for name in chosen:
        item = items[name]
        suite = item.suite if isinstance(item, model.DebArtifact) else None
        archive = Apt(cache / "build/apt", suite or declarations.suite, runner)
        if isinstance(item, model.RootfsArtifact):
            pins[name] = archive.resolve(item.packages, dependencies=True, essential=True)
        elif isinstance(item, model.DebArtifact):
            found = archive.resolve(item.packages, dependencies=item.dependencies)
            pins[name] = [pin for pin in found if pin.name not in item.without]
    return before, text(pins)


def text(pins: Mapping[str, Sequence[DebPin]]) -> str:
    """The text of debian.lock.yml: artifacts and packages by name, one package a line."""
    lines = [HEAD.rstrip(), "---"]
    for name, pinned in sorted(pins.items()):
        lines += [f"{name}:", *(f"  - {pin}" for pin in sorted(pinned))] if pinned else [f"{name}: []"]
    return "\n".join([*lines, ""])
