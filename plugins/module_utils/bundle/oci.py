"""OCI image layouts, byte for byte the same for the same content: entries sorted, times zero, owners explicit."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

import zstandard

LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
COMPRESSION = 3
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Entry:
    """One path of a layer: a file (`source` or `content`), a link (`link`) or a directory (none of them)."""

    path: str
    mode: int = 0o755
    owner: int = 0
    group: int = 0
    source: Path | None = None
    content: bytes | None = None
    link: str | None = None


@dataclass(frozen=True)
class Blob:
    """A blob in a layout: digest as sha256:<hex>, size in bytes, digest of its uncompressed form for layers."""

    digest: str
    size: int
    diff_id: str = ""

    def descriptor(self, media_type: str) -> dict[str, Any]:
        return {"mediaType": media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class ImageConfig:
    """What a container of the image runs, as upstream's image says it."""

    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "/"
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self, layers: Iterable[Blob]) -> dict[str, Any]:
        environment = {"PATH": PATH, **self.environment}
        config: dict[str, Any] = {
            "User": self.user,
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "WorkingDir": self.working_directory,
            "Labels": dict(self.labels),
        }
        if self.entrypoint:
            config["Entrypoint"] = list(self.entrypoint)
        if self.command:
            config["Cmd"] = list(self.command)
        return {
            "created": "1970-01-01T00:00:00Z",
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        }


class _Digester(io.RawIOBase):
    """A file that knows the digest and the size of what was written to it."""

    def __init__(self, target: BinaryIO | zstandard.ZstdCompressionWriter) -> None:
        self.target = target
        self.hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        self.size += len(data)
        self.target.write(data)
        return len(data)

    @property
    def digest(self) -> str:
        return f"sha256:{self.hash.hexdigest()}"


def tree_entries(root: Path, prefix: str = "/") -> Iterator[Entry]:
    """All of a directory, owned by root, under `prefix`; only modes, links and contents are taken over."""
    for directory, subdirectories, files in os.walk(root):
        subdirectories.sort()
        for name in sorted([*subdirectories, *files]):
            path = Path(directory, name)
            inner = str(PurePosixPath(prefix, path.relative_to(root)))
            status = path.lstat()
            mode = stat.S_IMODE(status.st_mode)
            if stat.S_ISLNK(status.st_mode):
                yield Entry(inner, 0o777, link=str(path.readlink()))
            elif stat.S_ISDIR(status.st_mode):
                yield Entry(inner, mode)
            elif stat.S_ISREG(status.st_mode):
                yield Entry(inner, mode, source=path)


def write_layer(entries: Iterable[Entry], blobs: Path) -> Blob:
    """Write a layer into the directory `blobs` and name it by its digest. The last entry of a path counts."""
    blobs.mkdir(parents=True, exist_ok=True)
    chosen = {str(PurePosixPath(entry.path)): entry for entry in entries}
    for path in list(chosen):
        for parent in PurePosixPath(path).parents:
            if str(parent) != "/":
                chosen.setdefault(str(parent), Entry(str(parent)))
    partial = blobs / "partial"
    with partial.open("wb") as file:
        packed = _Digester(file)
        compressor = zstandard.ZstdCompressor(level=COMPRESSION)
        with compressor.stream_writer(cast(IO[bytes], packed), closefd=False) as writer:
            plain = _Digester(writer)
            with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20) as archive:
                for path in sorted(chosen, key=lambda path: PurePosixPath(path).parts):
                    _add(archive, path, chosen[path])
    partial.rename(blobs / packed.hash.hexdigest())
    return Blob(packed.digest, packed.size, plain.digest)


def _add(archive: tarfile.TarFile, path: str, entry: Entry) -> None:
    info = tarfile.TarInfo(path.lstrip("/"))
    info.mode, info.uid, info.gid, info.mtime = entry.mode, entry.owner, entry.group, 0
    if entry.link is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.link
        archive.addfile(info)
    elif entry.content is not None:
        info.size = len(entry.content)
        archive.addfile(info, io.BytesIO(entry.content))
    elif entry.source is not None:
        info.size = entry.source.stat().st_size
        with entry.source.open("rb") as file:
            archive.addfile(info, file)
    else:
        info.type = tarfile.DIRTYPE
        archive.addfile(info)


def write_layout(root: Path, ref: str, config: ImageConfig, layers: Iterable[Blob]) -> str:
    """Complete the layout at `root`, whose layers lie in blobs/sha256 already; returns the manifest's digest."""
    layers = list(layers)
    config_blob = _write_json(root, config.document(layers))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config_blob.descriptor(CONFIG),
        "layers": [layer.descriptor(LAYER) for layer in layers],
    }
    return _complete(root, ref, manifest)


def write_documents(root: Path, ref: str, manifest: Callable[[Callable[[str], Blob]], Mapping[str, Any]]) -> str:
    """Write a layout of small texts: `manifest` gets what makes a text a blob. Returns the manifest's digest."""
    (root / "blobs/sha256").mkdir(parents=True)
    return _complete(root, ref, manifest(lambda text: _write_blob(root, text.encode())))


def _complete(root: Path, ref: str, manifest: Mapping[str, Any]) -> str:
    manifest_blob = _write_json(root, manifest)
    entry = {**manifest_blob.descriptor(MANIFEST), "annotations": {"org.opencontainers.image.ref.name": ref}}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    (root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}', encoding="ascii")
    (root / "index.json").write_text(json.dumps(index, sort_keys=True), encoding="utf-8")
    return manifest_blob.digest


def _write_json(root: Path, document: Mapping[str, Any]) -> Blob:
    return _write_blob(root, json.dumps(document, sort_keys=True, separators=(",", ":")).encode())


def _write_blob(root: Path, content: bytes) -> Blob:
    digest = hashlib.sha256(content).hexdigest()
    (root / "blobs/sha256" / digest).write_bytes(content)
    return Blob(f"sha256:{digest}", len(content))


@dataclass(frozen=True)
class Layout:
    """A layout on disk."""

    root: Path

    def blob(self, digest: str) -> Path:
        return self.root / "blobs" / digest.replace(":", "/")

    def manifest_digest(self) -> str:
        index = json.loads((self.root / "index.json").read_text(encoding="utf-8"))
        return str(index["manifests"][0]["digest"])

    def blobs(self) -> list[str]:
        """Digests of the configuration and the layers."""
        manifest = json.loads(self.blob(self.manifest_digest()).read_text(encoding="utf-8"))
        return [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]

    def damage(self) -> list[str]:
        """Blobs that are missing, truncated or changed, each named with its place."""
        found = []
        try:
            digests = [self.manifest_digest(), *self.blobs()]
        except (OSError, ValueError, LookupError) as error:
            return [f"{self.root}: index or manifest cannot be read ({error})"]
        for digest in digests:
            path = self.blob(digest)
            if not path.is_file():
                found.append(f"{path}: is gone")
                continue
            with path.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
            if f"sha256:{actual}" != digest:
                found.append(f"{path}: holds sha256:{actual} ({path.stat().st_size} bytes), its name says {digest}")
        return found
