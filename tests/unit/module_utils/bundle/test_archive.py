"""The bundle as one archive: what it brings is what was built, and nothing of a damaged one is put in place."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import archive
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import Place


def built(cache: Path, kind: str, name: str) -> Any:
    """One built artifact of a plan, with a link, a program and a bill."""
    place = Place(cache / "bundle", kind, name, "0a1b2c")
    with place.building() as staging:
        (staging / "usr/bin").mkdir(parents=True)
        (staging / "usr/bin/tool").write_text(name)
        (staging / "usr/bin/tool").chmod(0o4755)
        (staging / "link").symlink_to("/usr/bin/tool")
        place.publish(staging, {"title": f"{kind} {name}", "notes": []})
    (place.directory / f"{place.key}.1.cdx").write_text("{}")
    return SimpleNamespace(place=place, title=f"{kind} {name}", signature=place.directory / f"{place.key}.sig")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    cache = tmp_path / "there"
    (cache / "wheels").mkdir(parents=True)
    (cache / "wheels/a-1-py3-none-any.whl").write_text("wheel")
    (tmp_path / "key.pub").write_text("public")
    steps = [built(cache, "go", "etcd"), built(cache, "rootfs", "machine")]
    steps[0].signature.mkdir()
    (steps[0].signature / "index.json").write_text("{}")
    bundle: Any = SimpleNamespace(steps=steps)
    path = tmp_path / "out/gantry.tar.zst"
    size = archive.export(bundle, tmp_path / "key.pub", sorted((cache / "wheels").glob("*.whl")), path)
    assert size == path.stat().st_size > 0
    return path


def test_what_was_built_is_there_afterwards(tmp_path: Path, exported: Path) -> None:
    cache = tmp_path / "here"
    found = archive.load(exported, cache)
    assert found.artifacts == ["go/etcd/0a1b2c", "rootfs/machine/0a1b2c"]
    assert found.wheels == ["a-1-py3-none-any.whl"]
    for kind, name in (("go", "etcd"), ("rootfs", "machine")):
        place = Place(cache / "bundle", kind, name, "0a1b2c")
        assert place.present
        assert place.damage() == []
        assert place.facts()["title"] == f"{kind} {name}"
        assert (place.path / "usr/bin/tool").stat().st_mode & 0o7777 == 0o4755
        assert str((place.path / "link").readlink()) == "/usr/bin/tool"
        assert (place.directory / "0a1b2c.1.cdx").exists()
    assert (cache / "bundle/go/etcd/0a1b2c.sig/index.json").exists()
    assert (cache / "signing/cosign.key.pub").read_text() == "public"
    assert not (cache / archive.STAGING).exists()
    again = archive.load(exported, cache)
    assert (again.artifacts, again.wheels) == ([], [])


def test_a_damaged_archive_brings_nothing(tmp_path: Path, exported: Path) -> None:
    content = bytearray(exported.read_bytes())
    content[len(content) // 2] ^= 1
    exported.write_bytes(content)
    with pytest.raises(BundleError, match=r"sha256 is .* copy it anew"):
        archive.load(exported, tmp_path / "here")
    archive.beside(exported).unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        archive.load(exported, tmp_path / "here")
    assert not (tmp_path / "here/bundle").exists()


def test_another_key_is_refused(tmp_path: Path, exported: Path) -> None:
    place = tmp_path / "here/signing/cosign.key.pub"
    place.parent.mkdir(parents=True)
    place.write_text("another")
    with pytest.raises(BundleError, match="is another key"):
        archive.load(exported, tmp_path / "here")
    assert not (tmp_path / "here/bundle").exists()


def test_what_is_not_built_is_not_exported(tmp_path: Path, exported: Path) -> None:
    step: Any = SimpleNamespace(place=Place(tmp_path / "none", "go", "x", "1"), title="go x")
    with pytest.raises(BundleError, match="go x: not built yet"):
        archive.export(SimpleNamespace(steps=[step]), tmp_path / "key.pub", [], tmp_path / "x")  # type: ignore[arg-type]
