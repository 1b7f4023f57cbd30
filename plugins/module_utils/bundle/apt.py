"""Debian packages through a private apt root that uses the host's own sources, settings and keyrings."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import RELOCK, DebPin
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from debian.deb822 import Deb822, Packages

LISTS_FRESH = 24 * 3600
"""Seconds that downloaded package lists are taken as current, unless a version is missing in them."""
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUITE = re.compile(
    r"(?:bullseye|bookworm|trixie|forky|duke|sid|unstable|oldstable|stable|testing)(-updates|-security|)"
)


@dataclass(frozen=True)
class Source:
    """One entry of the host's apt sources that is Debian's own archive."""

    uri: str
    pocket: str
    signed_by: str

    def text(self, suite: str) -> str:
        """This entry for `suite`, in deb822 form."""
        signed = f"Signed-By: {self.signed_by}\n" if self.signed_by else ""
        return f"Types: deb\nURIs: {self.uri}\nSuites: {suite}{self.pocket}\nComponents: main\n{signed}"


def host_sources(directory: Path = Path("/etc/apt")) -> list[Source]:
    """Debian's own archive among the host's sources, whatever release the host runs."""
    found: list[Source] = []
    for path in sorted(directory.glob("sources.list.d/*.sources")):
        for entry in Deb822.iter_paragraphs(path.read_text(encoding="utf-8")):
            if entry.get("Enabled", "yes").lower() == "no" or "deb" not in entry.get("Types", "").split():
                continue
            signed = "".join(
                f"\n {line}" if n else line for n, line in enumerate(entry.get("Signed-By", "").split("\n"))
            )
            for uri in entry.get("URIs", "").split():
                for suite in entry.get("Suites", "").split():
                    found += _debian(uri, suite, entry.get("Components", "").split(), signed)
    for path in [directory / "sources.list", *sorted(directory.glob("sources.list.d/*.list"))]:
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            if entry := re.match(r"deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.+)", line.partition("#")[0].strip()):
                signed_by = re.search(r"signed-by=(\S+)", entry[1] or "")
                found += _debian(entry[2], entry[3], entry[4].split(), signed_by[1] if signed_by else "")
    unique = list(dict.fromkeys(found))
    if not any(source.pocket == "" for source in unique):
        raise BundleError(
            f"{directory}: no source of Debian's archive (a suite with component main under .../debian); "
            "the bundle takes its packages from the host's own mirror, so add one"
        )
    return unique


def _debian(uri: str, suite: str, components: Sequence[str], signed_by: str) -> list[Source]:
    """The entry as a source, if it is Debian's: by the path of its archive, a plain suite and component main."""
    archive = urlsplit(uri).path.rstrip("/").rpartition("/")[2]
    known = _SUITE.fullmatch(suite)
    if "main" not in components or not known or not archive.startswith("debian"):
        return []
    return [Source(uri, known[1], signed_by or (str(KEYRING) if KEYRING.exists() else ""))]


class Apt:
    """apt-get over a root of its own: the host's package database and lists stay untouched."""

    def __init__(self, root: Path, suite: str, runner: Runner, architecture: str = "amd64") -> None:
        self.root = root / suite
        self.debs = root / "debs"
        self.suite = suite
        self.runner = runner
        options = {
            "Dir::State": self.root / "state",
            "Dir::State::status": self.root / "status",
            "Dir::Cache": self.root / "cache",
            "Dir::Cache::pkgcache": "pkgcache.bin",
            "Dir::Etc::SourceList": self.root / "debian.sources",
            "Dir::Etc::SourceParts": self.root / "parts",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": self.root / "parts",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "Acquire::Retries": "3",
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
        }
        self.options = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]

    def refresh(self, *, force: bool = False) -> None:
        """Fetch the package lists, unless they are recent; `force` fetches lists older than five minutes."""
        stamp = self.root / "updated"
        wanted = "\n".join(source.text(self.suite) for source in host_sources())
        sources = self.root / "debian.sources"
        age = time.time() - stamp.stat().st_mtime if stamp.exists() else float("inf")
        same = sources.exists() and sources.read_text(encoding="utf-8") == wanted
        if same and age < (300 if force else LISTS_FRESH):
            return
        for name in ("state/lists/partial", "cache/archives/partial", "parts"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        sources.write_text(wanted, encoding="utf-8")
        self.runner.run("apt-get", *self.options, "--error-on=any", "update")
        stamp.touch()

    def resolve(self, packages: Iterable[str], *, dependencies: bool, essential: bool = False) -> list[DebPin]:
        """The suite's current versions of `packages`, with `dependencies` of all they depend on, by name."""
        self.refresh(force=True)
        names = list(packages)
        if dependencies:
            selectors = [*names, "?essential"] if essential else names
            plan = self.runner.output("apt-get", *self.options, "install", "--yes", "--print-uris", *selectors)
            files = re.findall(r"^'[^']+' (\S+)_(\S+)_(\w+)\.deb \d+", plan, re.MULTILINE)
            chosen = {name: unquote(version) for name, version, _ in files}
        else:
            chosen = dict.fromkeys(names, "")
        known = self._archive(chosen)
        pins = []
        for name, version in chosen.items():
            offers = [pin for pin in known.get(name, ()) if version in ("", pin.version)]
            if not offers:
                raise BundleError(f"{name} is not in Debian {self.suite}; correct its name in bundle/artifacts.yml")
            pins.append(offers[0])
        return sorted(pins)

    def fetch(self, pins: Sequence[DebPin]) -> list[Path]:
        """Paths of the packages' files, downloaded where missing and checked against their digests.

        A version that the mirror has dropped is replaced by the suite's current one, and that is said.
        """
        self.debs.mkdir(parents=True, exist_ok=True)
        missing = [pin for pin in pins if not self._file(pin).exists()]
        replaced: dict[DebPin, DebPin] = {}
        if missing:
            self.refresh()
            known = self._archive([pin.name for pin in missing])
            if any(pin.version not in {offer.version for offer in known.get(pin.name, ())} for pin in missing):
                self.refresh(force=True)
                known = self._archive([pin.name for pin in missing])
            for pin in missing:
                offers = known.get(pin.name, ())
                if any(offer.version == pin.version for offer in offers):
                    continue
                if not offers:
                    raise BundleError(f"{pin.name} {pin.version} is gone from {self.suite}, and no other is there")
                replaced[pin] = offers[0]
                self.runner.note(
                    f"{pin.name} {pin.version} is gone from {self.suite}: took {offers[0].version}; {RELOCK}"
                )
            self._download([pin for pin in (replaced.get(pin, pin) for pin in missing) if not self._file(pin).exists()])
        return [self._file(replaced.get(pin, pin)) for pin in pins]

    def _file(self, pin: DebPin) -> Path:
        return self.debs / f"{pin.sha256}.deb"

    def _archive(self, names: Iterable[str]) -> dict[str, list[DebPin]]:
        """Package → what the lists offer, newest first."""
        text = self.runner.output("apt-cache", *self.options, "show", "--all-versions", *sorted(set(names)))
        offers: dict[str, list[DebPin]] = {}
        for entry in Packages.iter_paragraphs(text, use_apt_pkg=False):
            pin = DebPin(entry["Package"], entry["Version"], entry["Architecture"], entry["SHA256"])
            offers.setdefault(pin.name, []).append(pin)
        return offers

    def _download(self, pins: Sequence[DebPin]) -> None:
        if not pins:
            return
        partial = self.debs / f"partial.{os.getpid()}"
        partial.mkdir(exist_ok=True)
        try:
            wanted = [f"{pin.name}={pin.version}" for pin in pins]
            self.runner.run("apt-get", *self.options, "download", *wanted, cwd=partial)
            for pin in pins:
                epochless = pin.version.replace(":", "%3a")
                path = partial / f"{pin.name}_{epochless}_{pin.architecture}.deb"
                actual = file_sha256(path)
                if actual != pin.sha256:
                    raise BundleError(
                        f"{pin.name} {pin.version}: sha256 is {actual}, debian.lock.yml says {pin.sha256}; "
                        f"the archive or the lock was changed: look why, then {RELOCK}"
                    )
                path.replace(self._file(pin))
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(debs: Iterable[Path], into: Path, runner: Runner) -> None:
    """Unpack packages into the empty directory `into`, with /bin, /sbin and /lib merged into /usr."""
    into.mkdir(parents=True, exist_ok=True)
    for deb in debs:
        runner.run("dpkg-deb", "--extract", deb, into)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        top = into / name
        if top.is_dir() and not top.is_symlink():
            _merge(top, into / "usr" / name)
            top.symlink_to(f"usr/{name}")


def _merge(source: Path, target: Path) -> None:
    """Move all of `source` under `target`, where directories may exist already."""
    if not (target.is_dir() and not target.is_symlink() and source.is_dir() and not source.is_symlink()):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        return
    for child in sorted(source.iterdir()):
        _merge(child, target / child.name)
    source.rmdir()
