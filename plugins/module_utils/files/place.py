"""Compare wanted files with those of this host, and put them in place.

A small file arrives with its content; a large one is described by size, modification time and digest and arrives
*staged*: already on the host under another name. A large file whose size and modification time are the source's is
taken as the same, as rsync does, so that an unchanged host reads no large file at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

LARGEST_DIFF = 65536
"""Bytes of a file that a diff shows; a larger one is named only."""


@dataclass(frozen=True)
class Wanted:
    """One file as it should be: a small one with ``content``, a large one with ``size`` (bytes) and ``mtime`` (ns)."""

    dest: str
    mode: int
    content: str | None = None
    size: int = 0
    mtime: int = 0
    sha256: str = ""
    staged: str = ""
    sensitive: bool = False


@dataclass
class Outcome:
    """What was, or in check mode would be, done; ``missing`` are large files whose content is asked for."""

    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)


def digest(path: str) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def strays(directories: Iterable[str], kept: Iterable[str]) -> Iterator[str]:
    """Files under ``directories`` that are not among ``kept``, in order of name."""
    keep = set(kept)
    for directory in directories:
        for root, _, names in sorted(os.walk(directory)):
            for name in sorted(names):
                path = str(Path(root) / name)
                if path not in keep:
                    yield path


def place(wanted: Iterable[Wanted], purge: Iterable[str], check: bool) -> Outcome:
    """Bring the files of this host to ``wanted``, and remove every other file under the directories of ``purge``.

    A large file that differs and is not staged is reported as ``missing``; one that only its digest can decide, and
    whose digest was not given, as ``undecided``. Neither is touched. With ``check`` nothing is. Raises ``OSError``.
    """
    outcome = Outcome()
    files = list(wanted)
    for file in files:
        (_place_text if file.content is not None else _place_large)(file, check, outcome)
    for path in strays(purge, (file.dest for file in files)):
        outcome.changed.append(path)
        outcome.diff.append({"before": f"{path}\n", "after": "", "before_header": path, "after_header": "absent"})
        if not check:
            Path(path).unlink()
    return outcome


def newer_than(paths: Iterable[str], since: float) -> list[str]:
    """Those of the files that were changed in a later second than ``since`` (whole seconds of the epoch)."""
    found = [path for path in paths if Path(path).exists()]
    return [path for path in found if int(Path(path).stat().st_ctime) > since]


def _mode(path: str) -> int:
    """Permission bits of a file; -1 where there is none."""
    try:
        return stat.S_IMODE(Path(path).lstat().st_mode)
    except FileNotFoundError:
        return -1


def _replace(file: Wanted) -> None:
    """Write the file under a temporary name beside its place, then rename it there."""
    parent = Path(file.dest).parent
    parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=parent, prefix=f".{Path(file.dest).name}.")
    try:
        if file.content is not None:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(file.content)
        else:
            with os.fdopen(handle, "wb") as stream, Path(file.staged).open("rb") as source:
                shutil.copyfileobj(source, stream, 1 << 20)
            os.utime(temporary, ns=(file.mtime, file.mtime))
        Path(temporary).chmod(file.mode)
        Path(temporary).replace(file.dest)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _record(file: Wanted, before: str, after: str, outcome: Outcome) -> None:
    """Note a change, and show it unless it is a secret."""
    outcome.changed.append(file.dest)
    if file.sensitive:
        before, after = "(secret)\n" if before else "", "(secret, changed)\n"
    outcome.diff.append(
        {"before": before, "after": after, "before_header": file.dest, "after_header": f"{file.dest} ({file.mode:04o})"}
    )


def _place_text(file: Wanted, check: bool, outcome: Outcome) -> None:
    path = Path(file.dest)
    before = path.read_bytes() if path.is_file() else None
    content = file.content or ""
    if before == content.encode() and _mode(file.dest) == file.mode:
        return
    shown = (before or b"")[:LARGEST_DIFF].decode(errors="replace")
    _record(file, shown, content, outcome)
    if not check:
        _replace(file)


def _place_large(file: Wanted, check: bool, outcome: Outcome) -> None:
    path = Path(file.dest)
    found = path.stat() if path.is_file() else None
    if found is not None and found.st_size == file.size:
        if found.st_mtime_ns != file.mtime and not file.sha256:
            outcome.undecided.append(file.dest)
            return
        if found.st_mtime_ns == file.mtime or digest(file.dest) == file.sha256:
            if stat.S_IMODE(found.st_mode) != file.mode:
                _record(file, f"mode {stat.S_IMODE(found.st_mode):04o}\n", f"mode {file.mode:04o}\n", outcome)
                if not check:
                    path.chmod(file.mode)
            if found.st_mtime_ns != file.mtime and not check:
                os.utime(file.dest, ns=(file.mtime, file.mtime))
            return
    if not file.staged and not check:
        outcome.missing.append(file.dest)
        return
    _record(file, f"{found.st_size} bytes\n" if found else "", f"{file.size} bytes\n", outcome)
    if not check:
        _replace(file)
