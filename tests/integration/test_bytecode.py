"""The bundle's artifacts hold bytecode of their sources alone: no times, nothing of the host that built them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tarfile
from pathlib import Path

import pytest
import zstandard
from ansible_collections.gantry.platform.plugins.module_utils.bundle import oci, python
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner

ROOT = Path(__file__).resolve().parents[2]
UNCHECKED = b"\x01\0\0\0"
LINKS = 2
"""Modules of Debian's Python that are links: sitecustomize and _sysconfigdata."""


@pytest.fixture(scope="module")
def bundle(bundled: dict[str, Path]) -> Bundle:
    """This checkout's bundle, as it was built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gantry"
    found = Bundle(ROOT / "bundle", ROOT, cache, only=["rootfs/machine", "image/catalog"])
    if found.missing():
        pytest.fail(f"{', '.join(step.id for step in found.missing())}: build the bundle (playbooks/bundle.yml)")
    return found


def differences(compiled: dict[str, bytes], sources: dict[str, bytes]) -> list[str]:
    """The bytecode (by absolute path) that is not of its source by a hash; that of links is passed over."""
    own = {path for path in compiled if importlib.util.source_from_cache(path) in sources}
    assert len(own) >= len(compiled) - LINKS
    heads = {
        path: UNCHECKED + importlib.util.source_hash(sources[importlib.util.source_from_cache(path)]) for path in own
    }
    return sorted(path for path, head in heads.items() if compiled[path][4:16] != head)


def test_machines_hold_bytecode_of_their_sources_alone(bundle: Bundle) -> None:
    root = bundle.step("rootfs/machine").place.path
    compiled = {f"/{path.relative_to(root)}": path.read_bytes() for path in root.rglob("*.pyc")}
    sources = {f"/{path.relative_to(root)}": path.read_bytes() for path in root.rglob("*.py") if not path.is_symlink()}
    assert len(compiled) > 100
    assert differences(compiled, sources) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
def test_it_is_what_the_machines_own_python_makes_in_any_environment(bundle: Bundle, tmp_path: Path) -> None:
    """Compiled anew from a copy, in another environment: byte for byte what rests in the bundle."""
    root = bundle.step("rootfs/machine").place.path
    for name in ("usr/bin", "usr/lib/python3.11", "usr/share/python3", "usr/lib/x86_64-linux-gnu", "usr/lib64"):
        shutil.copytree(root / name, tmp_path / name, symlinks=True)
    for name in ("bin", "lib", "lib64"):
        (tmp_path / name).symlink_to(f"usr/{name}")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.pyc")}
    mask = os.umask(0o077)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONOPTIMIZE", "2")
            patch.setenv("PYTHONPATH", "/none")
            python.compile_installed(tmp_path, Runner(tmp_path / "log"))
    finally:
        os.umask(mask)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*.pyc")}
    missing = {path.name for path in before.keys() - after.keys()}
    assert len(missing) <= LINKS, missing
    assert [path for path in after if before[path] != after[path]] == []


def test_images_hold_bytecode_of_their_sources_alone(bundle: Bundle) -> None:
    layout = oci.Layout(bundle.step("image/catalog").place.path)
    sources: dict[str, bytes] = {}
    compiled: dict[str, bytes] = {}
    for digest in layout.blobs()[1:]:
        with (
            layout.blob(digest).open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as plain,
            tarfile.open(fileobj=plain, mode="r|") as archive,
        ):
            for member in archive:
                if member.isfile() and member.name.endswith((".py", ".pyc")):
                    content = archive.extractfile(member)
                    assert content
                    kept = compiled if member.name.endswith(".pyc") else sources
                    kept[f"/{member.name.lstrip('/')}"] = content.read()
    assert any(path.startswith("/app/lib/") for path in compiled)
    assert any(path.startswith("/usr/lib/python3") for path in compiled)
    assert not any(path.startswith("/app/lib/bin/") for path in sources)
    assert differences(compiled, sources) == []
