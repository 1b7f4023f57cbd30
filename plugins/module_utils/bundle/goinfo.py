"""What a Go program says of itself: its modules with their sums, in the form that `go version -m` reads.

The format is that of debug/buildinfo since Go 1.18: a magic, flags, then two strings with their lengths before them.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError

_MAGIC = b"\xff Go buildinf:"
_HEADER, _ALIGNMENT, _INLINE, _SENTINEL = 32, 16, 2, 16


@dataclass(frozen=True)
class Module:
    """A module that is linked in: its path, its version with the leading v, its sum as go.sum has it."""

    path: str
    version: str
    sum: str


@dataclass(frozen=True)
class Program:
    """The Go release that built a program, e.g. go1.26.8, and the modules in it."""

    go: str
    modules: tuple[Module, ...]


def read(path: Path) -> Program:
    """The build information of a Go program; a BundleError says where there is none."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(_MAGIC)
        while start >= 0 and start % _ALIGNMENT:
            start = content.find(_MAGIC, start + 1)
        if start < 0 or not content[start + 15] & _INLINE:
            raise BundleError(f"{path}: holds no build information of Go; build it with Go 1.18 or newer")
        release, after = _string(content, start + _HEADER)
        told, _ = _string(content, after)
    text = told[_SENTINEL:-_SENTINEL].decode()
    return Program(release.decode().split()[0], tuple(_modules(text)))


def _string(content: mmap.mmap, at: int) -> tuple[bytes, int]:
    """The string at an offset, whose length stands before it as a varint; and the offset after it."""
    length = shift = 0
    while True:
        byte = content[at]
        at += 1
        length |= (byte & 0x7F) << shift
        if byte < 0x80:
            return content[at : at + length], at + length
        shift += 7


def _modules(text: str) -> Iterator[Module]:
    """The lines `dep`; a line `=>` after one says what stands in its place."""
    pending: Module | None = None
    for line in text.splitlines():
        word, *rest = line.split("\t")
        if word not in ("dep", "=>"):
            continue
        path, version, checksum = (*rest, "", "")[:3]
        if word == "dep" and pending:
            yield pending
        pending = Module(path, version, checksum)
    if pending:
        yield pending
