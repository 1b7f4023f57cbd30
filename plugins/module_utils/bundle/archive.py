"""The bundle as one file, for a host without a network: what is built, its signatures, and the project's Python wheels.

The file is a tar archive, compressed by zstd; its last member ``SHA256SUMS`` has the sum of every file in it, and
beside it lies ``<archive>.sha256``, both in the form that ``sha256sum --check`` reads. What it unpacks to is a user's
cache directory: ``bundle/<kind>/<name>/…``, ``signing/cosign.key.pub``, ``wheels/*.whl``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, cast

import zstandard
from ansible_collections.gantry.platform.plugins.module_utils.bundle.apt import file_sha256
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle, Step
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import remove

SUMS = "SHA256SUMS"
STAGING = ".import.partial"


@dataclass(frozen=True)
class Imported:
    """What an archive brought that was not there: artifacts as ``<kind>/<name>/<key>``, and wheels."""

    artifacts: list[str]
    wheels: list[str]


def wheels(requirements: Path, directory: Path) -> list[Path]:
    """Fetch the wheels of a lock with hashes, for this Python, and remove others. Raises BundleError."""
    directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    more = ["--require-hashes", "--only-binary=:all:", "--requirement", str(requirements), "--dest", str(directory)]
    done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleError(f"{requirements}: its wheels cannot be fetched: {done.stderr.strip()[-800:]}")
    return sorted(directory.glob("*.whl"))


def export(bundle: Bundle, public_key: Path, found: Iterable[Path], path: Path) -> int:
    """Write the archive, whole or not at all; returns its bytes. Everything of the plan must be built.

    Raises BundleError.
    """
    if missing := [step.title for step in bundle.steps if not step.place.present]:
        raise BundleError(f"{', '.join(missing)}: not built yet; run playbooks/bundle.yml first")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    sums: list[str] = []
    with partial.open("wb") as file:
        compressor = zstandard.ZstdCompressor(level=3, threads=-1)
        with (
            compressor.stream_writer(cast(IO[bytes], file), closefd=False) as writer,
            tarfile.open(fileobj=cast(IO[bytes], writer), mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name, source in _members(bundle, public_key, found):
                archive.add(source, name, recursive=False)
                if source.is_file() and not source.is_symlink():
                    sums.append(f"{file_sha256(source)}  {name}\n")
            text = "".join(sums).encode()
            header = tarfile.TarInfo(SUMS)
            header.size = len(text)
            archive.addfile(header, BytesIO(text))
        file.flush()
        os.fsync(file.fileno())
    digest = file_sha256(partial)
    beside(path).write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    partial.replace(path)
    return path.stat().st_size


def beside(path: Path) -> Path:
    """Where an archive's own sum lies."""
    return path.with_name(f"{path.name}.sha256")


def load(path: Path, cache: Path) -> Imported:
    """Unpack an archive into a user's cache directory; what is there already stays. Raises BundleError.

    Nothing is put in place before every sum was verified.
    """
    _verify_whole(path)
    staging = cache / STAGING
    remove(staging)
    staging.mkdir(parents=True, mode=0o700)
    try:
        _unpack(path, staging)
        _verify_files(path, staging)
        _put_public_key(staging / "signing/cosign.key.pub", cache / "signing/cosign.key.pub")
        return Imported(list(_put_artifacts(staging / "bundle", cache / "bundle")), list(_put_wheels(staging, cache)))
    finally:
        remove(staging)


def _members(bundle: Bundle, public_key: Path, found: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    for step in bundle.steps:
        home = f"bundle/{step.place.kind}/{step.place.name}"
        for source in _parts(step):
            yield from _tree(source, f"{home}/{source.name}")
    yield "signing/cosign.key.pub", public_key
    for wheel in found:
        yield f"wheels/{wheel.name}", wheel


def _parts(step: Step) -> list[Path]:
    """An artifact's directory, and what lies beside it."""
    there = (step.place.path, step.place.directory / f"{step.place.key}.json", step.place.sums, step.signature)
    bills = sorted(step.place.directory.glob(f"{step.place.key}.*.cdx"))
    return [*(path for path in there if path.exists()), *bills]


def _tree(root: Path, name: str) -> Iterator[tuple[str, Path]]:
    yield name, root
    if root.is_dir() and not root.is_symlink():
        for path in sorted(root.iterdir()):
            yield from _tree(path, f"{name}/{path.name}")


def _verify_whole(path: Path) -> None:
    try:
        wanted = beside(path).read_text(encoding="utf-8").split()[0]
        actual = file_sha256(path)
    except (OSError, IndexError) as error:
        raise BundleError(f"{path}: it or {beside(path).name} cannot be read ({error}); export writes both") from error
    if actual != wanted:
        raise BundleError(f"{path}: sha256 is {actual}, {beside(path).name} says {wanted}; copy it anew")


def _unpack(path: Path, staging: Path) -> None:
    """Its members keep their owners and modes: a machine's system is among them."""
    try:
        with (
            path.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file) as reader,
            tarfile.open(fileobj=cast(IO[bytes], reader), mode="r|") as archive,
        ):
            for member in archive:
                inner = PurePosixPath(member.name)
                if inner.is_absolute() or ".." in inner.parts or _through_a_link(staging, inner):
                    raise BundleError(f"{path}: {member.name} leads out of it; it was not written by export")
                archive.extract(member, staging, numeric_owner=True, filter="fully_trusted")
    except (OSError, tarfile.TarError, zstandard.ZstdError) as error:
        raise BundleError(f"{path}: cannot be unpacked ({error}); copy it anew, or free some space") from error


def _through_a_link(staging: Path, inner: PurePosixPath) -> bool:
    return any((staging / parent).is_symlink() for parent in inner.parents)


def _verify_files(path: Path, staging: Path) -> None:
    sums: dict[str, str] = {}
    if (staging / SUMS).is_file():
        for line in (staging / SUMS).read_text(encoding="utf-8").splitlines():
            digest, _, name = line.partition("  ")
            sums[name] = digest
    if not sums:
        raise BundleError(f"{path}: has no {SUMS}; it was not written by export, or is cut off")
    for name, wanted in sums.items():
        if not (staging / name).is_file() or file_sha256(staging / name) != wanted:
            raise BundleError(f"{path}: {name} is not as {SUMS} says; export it anew")
    there = {
        str(found.relative_to(staging)) for found in staging.rglob("*") if found.is_file() and not found.is_symlink()
    }
    if extra := sorted(there - sums.keys() - {SUMS}):
        raise BundleError(f"{path}: {extra[0]} is not in {SUMS}; export it anew")


def _put_public_key(new: Path, place: Path) -> None:
    if not new.is_file():
        return
    if place.exists() and place.read_bytes() != new.read_bytes():
        raise BundleError(
            f"{place}: is another key than the archive's images are signed with; move it and its key away first"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    new.replace(place)


def _put_artifacts(root: Path, place: Path) -> Iterator[str]:
    """Put artifacts in place: what lies beside one first, its directory last, by which it counts as whole."""
    for facts in sorted(root.glob("*/*/*.json")):
        key, home = facts.stem, place / facts.parent.relative_to(root)
        if (home / key).is_dir():
            continue
        home.mkdir(parents=True, exist_ok=True)
        for path in sorted(facts.parent.glob(f"{key}.*")):
            remove(home / path.name)
            path.rename(home / path.name)
        (facts.parent / key).rename(home / key)
        yield str((home / key).relative_to(place))


def _put_wheels(staging: Path, cache: Path) -> Iterator[str]:
    for wheel in sorted((staging / "wheels").glob("*.whl")):
        place = cache / "wheels" / wheel.name
        if place.exists() and file_sha256(place) == file_sha256(wheel):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        wheel.replace(place)
        yield wheel.name
