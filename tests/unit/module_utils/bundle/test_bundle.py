"""Building: interrupted, resumed, found damaged, collected. The images here need nothing but this project."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import bundle as bundles
from ansible_collections.gantry.platform.plugins.module_utils.bundle import oci
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.golang import Go
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import held
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode, work
from ansible_collections.gantry.platform.plugins.modules import bundle as module

Opener = Callable[..., Bundle]


def test_an_interrupted_build_resumes(open_bundle: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_bundle()
    first.build(first.step("image/note"))
    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> str:
            raise KeyboardInterrupt

        patch.setattr(oci, "write_layout", interrupted)
        with pytest.raises(KeyboardInterrupt):
            first.build(first.step("image/shop"))
    second = open_bundle()
    missing = [step.id for step in second.missing()]
    assert "image/shop" in missing
    assert "image/note" not in missing
    second.build(second.step("image/shop"))
    assert second.step("image/shop").place.present


def test_what_a_killed_build_left_does_not_count(open_bundle: Opener) -> None:
    bundle = open_bundle()
    place = bundle.step("image/shop").place
    left = place.directory / f".{place.key}.partial/blobs/sha256"
    left.mkdir(parents=True)
    (left / "partial").write_bytes(b"half")
    assert not place.present
    bundle.build(bundle.step("image/shop"))
    assert not left.exists()
    assert oci.Layout(place.path).damage() == []


def test_built_once(open_bundle: Opener) -> None:
    bundle = open_bundle()
    bundle.build(bundle.step("image/shop"))
    before = bundle.step("image/shop").place.path.stat()
    facts = bundle.build(bundle.step("image/shop"))
    assert facts["ref"] == "example.org/shop:0.3.0"
    assert bundle.step("image/shop").place.path.stat() == before


def test_the_same_inputs_give_the_same_digest(project: Path, tmp_path: Path) -> None:
    digests = []
    for number in range(2):
        os.utime(project / "services/shop/shop/__main__.py", (number, number))
        bundle = Bundle(project / "bundle", project, tmp_path / f"cache{number}")
        digests.append(bundle.build(bundle.step("image/shop"))["digest"])
    assert digests[0] == digests[1]


def test_an_image_waits_for_what_it_needs(open_bundle: Opener) -> None:
    bundle = open_bundle()
    with pytest.raises(BundleError, match="beta is not built yet; build go/beta first"):
        bundle.build(bundle.step("image/beta"))


@pytest.mark.parametrize("harm", ["truncated", "tampered", "gone"])
def test_damage_is_found_and_named(open_bundle: Opener, harm: str) -> None:
    bundle = open_bundle()
    for name in ("image/shop", "image/note"):
        bundle.build(bundle.step(name))
    layout = oci.Layout(bundle.step("image/shop").place.path)
    blob = layout.blob(layout.blobs()[1])
    content = blob.read_bytes()
    match harm:
        case "truncated":
            blob.write_bytes(content[:-1])
        case "tampered":
            blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "gone":
            blob.unlink()
    found = [line for line in bundle.damage() if "is not built" not in line]
    assert len(found) == 1
    assert found[0].startswith(f"image shop 0.3.0: {blob}: ")


def test_older_builds_go_once_nothing_has_used_them(project: Path, open_bundle: Opener) -> None:
    old = open_bundle()
    old.build(old.step("image/note"))
    images = project / "bundle/images.yml"
    images.write_text(images.read_text().replace("/note: a", "/note: b"), encoding="utf-8")
    new = open_bundle()
    new.build(new.step("image/note"))
    assert new.collect() == []
    stale = time.time() - bundles.UNUSED_DEFAULT - 1
    for step in (old.step("image/note"), new.step("image/note")):
        os.utime(step.place.directory / f"{step.place.key}.json", (stale, stale))
    assert new.collect() == [f"image/note/{old.step('image/note').place.key}"]
    assert new.step("image/note").place.present


def test_a_small_disk_is_refused(open_bundle: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = open_bundle()
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 3 * bundles.GIB}))
    with pytest.raises(BundleError, match=r"3\.0 GiB are free.*needs 14; free some, or set XDG_CACHE_HOME"):
        bundle.check_space(bundle.missing())
    bundle.check_space([bundle.step("image/note")])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_a_disk_that_fills_is_named_and_a_rerun_finishes(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    parameters = {name: option.get("default") for name, option in module.SPEC["argument_spec"].items()}
    parameters |= {"source": str(project / "bundle"), "cache": str(cache), "only": ["image/shop", "image/note"]}

    def build() -> dict[str, Any]:
        return work(module.call, parameters, Mode(check=False, diff=False))

    def resize(size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", cache], check=True)

    write = oci.write_layout

    def fill(*given: Any, **named: Any) -> Any:
        resize("4k")
        return write(*given, **named)

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "disk", cache], check=True)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(oci, "write_layout", fill)
            told = build()
        assert told["failed"]
        assert "No space left on device. Free some and run again" in told["msg"]
        assert str(cache) in told["msg"]
        resize("2g")
        assert sorted(one["title"] for one in build()["built"]) == ["image note 1.35.0", "image shop 0.3.0"]
        assert build()["built"] == []
    finally:
        subprocess.run(["umount", cache], check=True)


def test_unknown_names_are_told(open_bundle: Opener) -> None:
    with pytest.raises(BundleError, match="known sets are core, extra"):
        open_bundle("ekstra")
    with pytest.raises(BundleError, match="image/nota is not in the plan"):
        open_bundle().step("image/nota")


def test_build_caches_go_unless_kept(open_bundle: Opener, tmp_path: Path) -> None:
    build = tmp_path / "cache/build"
    (build / "mod/example.org/alpha@v1.2.3").mkdir(parents=True)
    (build / "mod/example.org/alpha@v1.2.3").chmod(0o555)
    (build / "keep").touch()
    assert not open_bundle().drop_build_caches()
    (build / "keep").unlink()
    with held(build / ".lock", alone=False):
        assert not open_bundle().drop_build_caches()
    assert open_bundle().drop_build_caches()
    assert not build.exists()


def test_caches_are_trimmed_oldest_first(open_bundle: Opener, tmp_path: Path) -> None:
    files = [
        tmp_path / "c/cache/aa/old",
        tmp_path / "c/mod/example.org/alpha@v1.2.3/go.mod",
        tmp_path / "c/cache/aa/new",
    ]
    for age, path in enumerate(files):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
        os.utime(path, (1000 + age, 1000 + age))
    os.utime(files[1].parent, (1001, 1001))
    go = Go(tmp_path / "c", "go1.26.8", Runner(tmp_path / "log"), open_bundle().locks)
    (tmp_path / "c/keep").touch()
    assert go.trim(limit=100) == 0
    (tmp_path / "c/keep").unlink()
    assert go.trim(limit=200) == 100
    assert [path.exists() for path in files] == [False, True, True]
    assert go.trim(limit=100) == 100
    assert [path.exists() for path in files] == [False, False, True]


def test_a_part_is_built_with_what_it_needs(open_bundle: Opener) -> None:
    def missing(*names: str, sets: tuple[str, ...] = ()) -> list[str]:
        return [step.id for step in open_bundle(*sets, only=names).missing()]

    assert missing("image/alpha") == ["go/alpha", "deb/base", "image/alpha"]
    assert missing("beta") == ["go/beta", "image/beta"]
    assert missing("go/beta", "shop", "go/beta") == ["go/beta", "image/shop"]
    assert missing("extra") == ["go/extra"]
    assert len(missing()) == len(open_bundle().steps)
    with pytest.raises(
        BundleError, match=r"bundle_only: imago/alpha: nothing of that name.*did you mean image/alpha\?"
    ):
        missing("imago/alpha")


def test_a_part_leaves_the_rest_as_it_is(open_bundle: Opener) -> None:
    part = open_bundle(only=["note", "shop"])
    (note, shop) = (part.step("image/note"), part.step("image/shop"))
    for step in part.missing():
        if step.item.kind == "image":
            part.build(step)
    assert note.place.present
    assert shop.place.present
    assert not part.whole
    assert set(part.outputs().images) == set(open_bundle().outputs().images)
    blob = oci.Layout(note.place.path).blob(oci.Layout(note.place.path).blobs()[0])
    blob.write_bytes(b"x")
    assert [line.partition(":")[0] for line in open_bundle(only=["shop"]).damage()] == []
    assert any(line.startswith("image note") for line in open_bundle(only=["image/note"]).damage())
