"""The host's sources, packages that are gone, and unpacking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.apt import Apt, Source, host_sources, unpack
from ansible_collections.gantry.platform.plugins.module_utils.bundle.builders import exclude, gather_certificates
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import DebPin
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner

DEB822 = """
Types: deb
URIs: http://mirror.example.org/debian
Suites: trixie trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example.org/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.example.org/debian
Suites: trixie
Components: main
"""
ONE_LINE = """
# deb http://comment.example.org/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example.org/debian/ bookworm main non-free
deb http://download.example.org/linux/ubuntu bookworm main
deb http://node.example.org/debian nodistro main
deb http://docker.example.org/linux/debian bookworm stable
"""


def test_deb822_sources_are_taken_for_any_suite(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(DEB822, encoding="utf-8")
    sources = host_sources(tmp_path)
    assert [source.pocket for source in sources] == ["", "-updates", "-security"]
    assert "Suites: bookworm-security\n" in sources[2].text("bookworm")
    assert "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n" in sources[0].text("bookworm")


def test_only_debians_own_archive_counts(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(ONE_LINE, encoding="utf-8")
    assert host_sources(tmp_path) == [Source("http://mirror.example.org/debian/", "", "/k.gpg")]


def test_no_source_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no source of Debian's archive"):
        host_sources(tmp_path)


class OfflineApt(Apt):
    """An archive in memory, for what does not depend on apt itself."""

    def __init__(self, root: Path, offers: dict[str, list[DebPin]], content: bytes = b"deb") -> None:
        super().__init__(root, "bookworm", Runner(root / "log"))
        self.offers, self.content = offers, content
        self.refreshed = 0

    def refresh(self, *, force: bool = False) -> None:
        self.refreshed += 1

    def _archive(self, names: Iterable[str]) -> dict[str, list[DebPin]]:
        return {name: self.offers[name] for name in names if name in self.offers}

    def _download(self, pins: Sequence[DebPin]) -> None:
        for pin in pins:
            self._file(pin).write_bytes(self.content)


def pin(version: str, content: bytes = b"deb") -> DebPin:
    return DebPin("tool", version, "amd64", hashlib.sha256(content + version.encode()).hexdigest())


def test_what_was_downloaded_needs_no_network(tmp_path: Path) -> None:
    apt = OfflineApt(tmp_path, {"tool": [pin("1")]})
    first = apt.fetch([pin("1")])
    apt.refreshed = 0
    assert apt.fetch([pin("1")]) == first
    assert apt.refreshed == 0


def test_a_version_that_is_gone_is_replaced_and_said(tmp_path: Path) -> None:
    apt = OfflineApt(tmp_path, {"tool": [pin("3"), pin("2")]})
    assert [path.stem for path in apt.fetch([pin("1")])] == [pin("3").sha256]
    assert apt.refreshed == 2
    assert apt.runner.notes[0].startswith("tool 1 is gone from bookworm: took 3; lock it with")


def test_a_package_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="tool 1 is gone from bookworm, and no other is there"):
        OfflineApt(tmp_path, {}).fetch([pin("1")])


def test_resolving_takes_the_newest(tmp_path: Path) -> None:
    apt = OfflineApt(tmp_path, {"tool": [pin("3"), pin("2")]})
    assert apt.resolve(["tool"], dependencies=False) == [pin("3")]
    with pytest.raises(BundleError, match="tuul is not in Debian bookworm"):
        apt.resolve(["tuul"], dependencies=False)


def test_unpacking_merges_into_usr(tmp_path: Path) -> None:
    debs = []
    for name, paths in {"one": ["bin/a", "lib/x/one"], "two": ["usr/bin/b", "usr/lib/x/two", "sbin/c"]}.items():
        tree = tmp_path / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n",
            encoding="utf-8",
        )
        for path in paths:
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(path, encoding="utf-8")
        runner = Runner(tmp_path / "log")
        runner.run("dpkg-deb", "--build", "-Znone", tree, tmp_path / f"{name}.deb")
        debs.append(tmp_path / f"{name}.deb")
    root = tmp_path / "root"
    unpack(debs, root, runner)
    assert {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and not p.is_symlink()} >= {
        "usr/bin/a",
        "usr/bin/b",
        "usr/lib/x/one",
        "usr/lib/x/two",
        "usr/sbin/c",
    }
    assert [str((root / name).readlink()) for name in ("bin", "lib", "sbin")] == ["usr/bin", "usr/lib", "usr/sbin"]


def test_excluding_and_gathering(tmp_path: Path) -> None:
    for name in ("usr/share/doc/a/copyright", "usr/bin/a", "usr/share/ca-certificates/mozilla/b.crt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    exclude(tmp_path, ["usr/share/doc/*"])
    gather_certificates(tmp_path)
    assert not (tmp_path / "usr/share/doc/a").exists()
    assert (tmp_path / "usr/bin/a").exists()
    assert (tmp_path / "etc/ssl/certs/ca-certificates.crt").read_text() == "usr/share/ca-certificates/mozilla/b.crt\n"
