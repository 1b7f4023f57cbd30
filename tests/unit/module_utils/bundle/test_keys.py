"""A changed line of a lock rebuilds what depends on it, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import keys as keying
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle

Opener = Callable[..., Bundle]


def keys(bundle: Bundle) -> dict[str, str]:
    return {step.id: step.place.key for step in bundle.steps}


@pytest.mark.parametrize(
    ("path", "old", "new", "rebuilt"),
    [
        ("bundle/go/alpha/go.sum", "h1:bb", "h1:cc", {"go/alpha", "image/alpha"}),
        ("bundle/go/alpha/go.sum", "h1:aa", "h1:cc", {"go/alpha", "image/alpha", "files/chart"}),
        ("bundle/go/alpha/go.mod", "v1.2.3", "v1.2.4", {"go/alpha", "image/alpha", "files/chart"}),
        ("bundle/go/beta/go.mod", "go 1.26.0", "go 1.27.0", {"go/beta", "image/beta"}),
        ("bundle/debian.lock.yml", "libc6 2.36-9 ", "libc6 2.36-10 ", {"deb/base", "image/alpha"}),
        ("bundle/debian.lock.yml", "1:1.35.0", "1:1.36.0", {"deb/tool", "image/note"}),
        ("bundle/pypi.txt", "1.40.0", "1.41.0", {"pypi/envoy"}),
        ("bundle/pypi.txt", "other==2", "other==3", set()),
        ("bundle/artifacts.yml", "go1.26.8", "go1.26.9", {"go/alpha", "go/beta", "image/alpha", "image/beta"}),
        ("bundle/artifacts.yml", "layer: true", "layer: true, exclude: [usr/x]", {"deb/base", "image/alpha"}),
        ("bundle/images.yml", "/etc/motd: hello", "/etc/motd: hullo", {"image/shop"}),
        ("services/shop/shop/__main__.py", "shop", "shoppe", {"image/shop"}),
        ("services/shop/pyproject.toml", "0.3.0", "0.3.1", {"image/shop"}),
        ("bundle/artifacts.yml", "set: extra", "set: other", set()),
    ],
)
def test_a_change_rebuilds_what_depends_on_it(
    project: Path, open_bundle: Opener, path: str, old: str, new: str, rebuilt: set[str]
) -> None:
    before = keys(open_bundle())
    text = (project / path).read_text(encoding="utf-8")
    assert old in text
    (project / path).write_text(text.replace(old, new), encoding="utf-8")
    after = keys(open_bundle())
    assert {name for name in before if before[name] != after[name]} == rebuilt


@pytest.mark.parametrize(
    ("path", "old", "new", "rebuilt"),
    [
        ("services/shop/requirements.txt", "other==2", "other==3", {"pypi/packages", "image/lean"}),
        ("bundle/artifacts.yml", "layer: /app/lib", "layer: /app/packages", {"pypi/packages", "image/lean"}),
        ("bundle/artifacts.yml", "set: more", "set: [more, most]", set()),
    ],
)
def test_a_change_rebuilds_a_layer_and_what_it_lies_in(
    project: Path, open_bundle: Opener, path: str, old: str, new: str, rebuilt: set[str]
) -> None:
    before = keys(open_bundle("more"))
    text = (project / path).read_text(encoding="utf-8")
    assert old in text
    (project / path).write_text(text.replace(old, new), encoding="utf-8")
    after = keys(open_bundle("more"))
    assert {name for name in before if before[name] != after[name]} == rebuilt


def test_what_has_no_layers_keeps_its_key(open_bundle: Opener) -> None:
    found = keys(open_bundle())
    assert found["pypi/envoy"] == "3a0733990cc3ae778a42"
    assert found["image/note"] == "023c6b3e52603b253c80"


def test_what_tools_leave_behind_changes_nothing(project: Path, open_bundle: Opener) -> None:
    before = keys(open_bundle())
    cache = project / "services/shop/shop/__pycache__"
    cache.mkdir()
    (cache / "x.pyc").write_bytes(b"x")
    assert keys(open_bundle()) == before


def test_needed_things_come_first_and_sets_are_asked_for(open_bundle: Opener) -> None:
    plan = list(keys(open_bundle()))
    assert plan.index("deb/base") < plan.index("image/alpha")
    assert "go/extra" not in plan
    assert "go/extra" in keys(open_bundle("extra"))


def test_versions_come_from_the_locks(open_bundle: Opener) -> None:
    outputs = open_bundle().outputs()
    assert outputs.versions == {
        "alpha": "1.2.3",
        "beta": "2.0.1",
        "base": "3.11.2",
        "tool": "1.35.0",
        "envoy": "1.40.0",
        "shop": "0.3.0",
    }
    assert set(outputs.images) == {
        "example.org/alpha:v1.2.3",
        "example.org/beta:2.0.1",
        "example.org/shop:0.3.0",
        "example.org/note:1",
    }
    assert {name: Path(path).name for name, path in outputs.binaries.items()} == {
        name: name for name in ("alpha", "beta", "tool", "envoy")
    }


def test_another_way_to_compile_rebuilds_what_holds_bytecode(
    project: Path, open_bundle: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifacts, images = project / "bundle/artifacts.yml", project / "bundle/images.yml"
    text = artifacts.read_text().replace("packages: [python3], ", "packages: [python3], compile: [/usr/lib/python3], ")
    text += "  - {name: libs, kind: pypi, requirements: services/shop/requirements.txt}\n"
    artifacts.write_text(text, encoding="utf-8")
    (project / "services/shop/requirements.txt").write_text("other==2\n", encoding="utf-8")
    images.write_text(images.read_text().replace("sources: {", "base: base, compile: [/app], sources: {"))
    before = keys(open_bundle())
    monkeypatch.setattr(keying, "BYTECODE", keying.BYTECODE + 1)
    after = keys(open_bundle())
    assert {name for name in before if before[name] != after[name]} == {"deb/base", "image/alpha", "image/shop"}
    monkeypatch.setattr(keying, "INSTALLED", keying.INSTALLED + 1)
    assert {name for name in before if after[name] != keys(open_bundle())[name]} == {"pypi/libs"}


def test_modes_are_not_this_users_choice(open_bundle: Opener, tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        bundle = open_bundle()
        private = bundle.build(bundle.step("image/shop"))["digest"]
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(mask)
    other = Bundle(tmp_path / "project/bundle", tmp_path / "project", tmp_path / "other")
    assert other.build(other.step("image/shop"))["digest"] == private
