"""Bills of materials: complete by the locks, the same bytes each time, valid CycloneDX, made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import goinfo, licences, oci, sbom
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle, Step
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.model import Image

Opener = Callable[..., Bundle]


def text(content: str) -> bytes:
    """A string as Go's linker writes it: its length as a varint, then it."""
    raw, head, length = content.encode(), b"", len(content.encode())
    while length >= 0x80:
        head += bytes([length & 0x7F | 0x80])
        length >>= 7
    return head + bytes([length]) + raw


def program(path: Path) -> Path:
    """A file with the build information of a Go program, after what only looks like it."""
    modules = "path\texample.org/alpha/cmd/alpha\nmod\tx\t(devel)\t\ndep\texample.org/alpha\tv1.2.3\th1:aa\n"
    modules += "dep\texample.org/old\tv1.0.0\n=>\texample.org/new\tv1.1.0\th1:cc\n"
    modules += f"dep\texample.org/{'long' * 40}\tv0.1.0\th1:dd\n"
    body = b"\x7fELF\xff Go buildinf: ".ljust(64, b"\0")  # at no multiple of 16
    told = b"\xff Go buildinf:" + bytes([8, 2]) + b"\0" * 16 + text("go1.26.8")
    path.write_bytes(body + told + text("s" * 16 + modules + "e" * 16))
    return path


def put(step: Step, **facts: Any) -> None:
    """Put an artifact in place as if it had been built."""
    with step.place.building() as staging:
        if step.id == "go/alpha":
            program(staging / "alpha")
        if isinstance(step.item, Image):
            (staging / "blobs/sha256").mkdir(parents=True)
            layer = oci.write_layer([oci.Entry("/a", content=b"a")], staging / "blobs/sha256")
            ref = step.item.ref.format(version=step.version)
            facts |= {"ref": ref, "digest": oci.write_layout(staging, ref, oci.ImageConfig(), [layer])}
        step.place.publish(staging, facts)


@pytest.fixture
def bundle(open_bundle: Opener) -> Bundle:
    """A bundle of which alpha's image, and lean's, are there."""
    made = open_bundle("more", only=["image/alpha", "image/lean"])
    for step in made.missing():
        put(step, licences={"python3": ["PSF-2", "GPL-2"], "other": ["MIT"]})
    return made


def test_an_image_is_what_its_locks_and_programs_say(bundle: Bundle) -> None:
    item = bundle.step("image/alpha").item
    assert isinstance(item, Image)
    found = {package.purl: package for package in sbom.packages(bundle, item)}
    assert list(found) == [
        "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=bookworm",
        "pkg:deb/debian/python3@3.11.2-1%2Bb1?arch=amd64&distro=bookworm",
        "pkg:golang/example.org/alpha@v1.2.3",
        f"pkg:golang/example.org/{'long' * 40}@v0.1.0",
        "pkg:golang/example.org/new@v1.1.0",
        "pkg:golang/stdlib@1.26.8",
    ]
    python = found["pkg:deb/debian/python3@3.11.2-1%2Bb1?arch=amd64&distro=bookworm"]
    assert python.licences == ("PSF-2", "GPL-2")
    assert len(python.sha256) == 64
    lean = bundle.step("image/lean").item
    assert isinstance(lean, Image)
    assert "pkg:pypi/other@2" in [package.purl for package in sbom.packages(bundle, lean)]


def test_bills_are_the_same_bytes_and_made_once(bundle: Bundle, tmp_path: Path) -> None:
    there = tmp_path / "sbom"
    assert [path.name for path in sbom.write(bundle, there, check=True)] == [
        "alpha.cdx.json",
        "lean.cdx.json",
        "licences.md",
    ]
    assert not there.exists()
    sbom.write(bundle, there)
    first = {path.name: path.read_bytes() for path in there.iterdir()}
    assert sbom.write(bundle, there) == []
    before = sbom.beside(bundle.step("image/alpha")).stat()
    (there / "alpha.cdx.json").write_text("changed")
    (there / "gone.cdx.json").write_text("{}")
    assert [path.name for path in sbom.write(bundle, there)] == ["alpha.cdx.json", "gone.cdx.json"]
    assert sbom.beside(bundle.step("image/alpha")).stat() == before
    sbom.beside(bundle.step("image/alpha")).unlink()
    assert sbom.write(bundle, there) == []
    assert {path.name: path.read_bytes() for path in there.iterdir()} == first
    assert "| PSF-2, GPL-2 | `pkg:deb/debian/python3@" in first["licences.md"].decode()
    assert "| not stated | `pkg:golang/example.org/alpha@v1.2.3` | alpha |" in first["licences.md"].decode()


def test_bills_are_valid(bundle: Bundle) -> None:
    validation = pytest.importorskip("cyclonedx.validation.json", reason="cyclonedx-python-lib: make dev")
    schema = pytest.importorskip("cyclonedx.schema")
    for name in ("image/alpha", "image/lean"):
        bill = json.dumps(sbom.document(bundle, bundle.step(name)))
        assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str(bill) is None
    assert validation.JsonStrictValidator(schema.SchemaVersion.V1_6).validate_str('{"bomFormat": "other"}') is not None


def test_what_is_no_go_program_is_told(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    with pytest.raises(BundleError, match=r"script: holds no build information of Go"):
        goinfo.read(tmp_path / "script")


def test_npm_packages_are_those_that_a_build_takes_in() -> None:
    lock = {
        "packages": {
            "": {"name": "page"},
            "node_modules/@scope/one": {"version": "1.0.0", "license": "MIT"},
            "node_modules/@scope/one/node_modules/two": {"version": "2.0.0"},
            "node_modules/tool": {"version": "3.0.0", "dev": True},
        }
    }
    assert [(package.purl, package.licences) for package in sbom.npm(lock)] == [
        ("pkg:npm/%40scope/one@1.0.0", ("MIT",)),
        ("pkg:npm/two@2.0.0", ()),
    ]


def test_licences_are_what_packages_state(tmp_path: Path) -> None:
    for name, content in {
        "usr/share/doc/one/copyright": "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
        "Files: *\nLicense: GPL-2+\n text\n\nFiles: x\nLicense: MIT\n",
        "usr/share/doc/two/copyright": "This is free.\nLicense: unclear\n",
        "three-1.dist-info/METADATA": "Name: Three_x\nLicense: a whole\n text\n"
        "Classifier: License :: OSI Approved :: MIT License\n",
        "four-1.dist-info/METADATA": "Name: four\nLicense-Expression: Apache-2.0\n",
        "five-1.dist-info/METADATA": "Name: five\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(content)
    assert licences.debian(tmp_path) == {"one": ["GPL-2+", "MIT"]}
    assert licences.python(tmp_path) == {"three-x": ["MIT License"], "four": ["Apache-2.0"]}
