"""The Debian system that machines are cloned from: mmdebstrap over a local archive of the locked packages."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle import python
from ansible_collections.gantry.platform.plugins.module_utils.bundle.apt import file_sha256
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from debian.deb822 import Deb822

EXCLUDED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*")
"""Left out of every machine: nobody reads manuals there."""


def build(debs: Sequence[Path], packages: Sequence[str], suite: str, into: Path, work: Path, runner: Runner) -> None:
    """Make the system at `into` from exactly `debs`; `work` is scratch space. Needs root."""
    archive = work / "archive"
    _make_archive(debs, archive, suite, runner)
    excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in EXCLUDED]
    runner.run(
        "mmdebstrap",
        "--mode=root",
        "--variant=essential",
        "--format=directory",
        f"--include={','.join(packages)}",
        *excludes,
        "--skip=check/empty",
        suite,
        into,
        f"deb [trusted=yes] copy:{archive} ./",
        environment={"SOURCE_DATE_EPOCH": "0"},
    )
    python.compile_installed(into, runner)
    _make_clonable(into)
    shutil.rmtree(archive)


def _make_archive(debs: Sequence[Path], archive: Path, suite: str, runner: Runner) -> None:
    """A flat apt archive of the packages, linked from where they were downloaded.

    mmdebstrap picks the essential packages by suite, which only a Release file names.
    """
    archive.mkdir(parents=True)
    entries = []
    for deb in debs:
        entry = Deb822(runner.output("dpkg-deb", "--field", deb))
        name = f"{entry['Package']}_{deb.name}"
        (archive / name).hardlink_to(deb)
        entry["Filename"] = f"./{name}"
        entry["Size"] = str(deb.stat().st_size)
        entry["SHA256"] = file_sha256(deb)
        entries.append(entry.dump())
    index = "\n".join(entries).encode()
    (archive / "Packages").write_bytes(index)
    digest = hashlib.sha256(index).hexdigest()
    release = f"Suite: {suite}\nCodename: {suite}\nSHA256:\n {digest} {len(index)} Packages\n"
    (archive / "Release").write_text(release, encoding="ascii")


def _make_clonable(root: Path) -> None:
    """Take out what each machine has to make for itself, and what points at this host."""
    for pattern in ("etc/ssh/ssh_host_*", "var/lib/apt/lists/*", "var/cache/apt/*", "var/log/*.log", "var/log/apt/*"):
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / "etc/machine-id").write_text("", encoding="ascii")
    (root / "etc/apt/sources.list").write_text("", encoding="ascii")
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/hostname").unlink(missing_ok=True)
