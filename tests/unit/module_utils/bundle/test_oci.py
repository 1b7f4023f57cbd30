"""Layers and layouts."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import zstandard
from ansible_collections.gantry.platform.plugins.module_utils.bundle import oci


def members(blob: Path) -> dict[str, tarfile.TarInfo]:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(blob.read_bytes())) as plain:
        return {info.name: info for info in tarfile.open(fileobj=plain, mode="r|")}


def make_tree(root: Path, names: list[str], time: int) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
        os.utime(path, (time, time))
    (root / "bin").symlink_to("usr/bin")
    (root / "usr/bin/a").chmod(0o4755)
    return root


def test_a_layer_depends_on_content_alone(tmp_path: Path) -> None:
    names = ["usr/bin/a", "usr/bin/b", "etc/x" + "y" * 120]
    one = make_tree(tmp_path / "one", names, 1)
    two = make_tree(tmp_path / "two", names[::-1], 2_000_000_000)
    blobs = [oci.write_layer(oci.tree_entries(root), tmp_path / "blobs") for root in (one, two)]
    assert blobs[0] == blobs[1]
    found = members(tmp_path / "blobs" / blobs[0].digest.partition(":")[2])
    assert list(found) == sorted(found, key=lambda name: name.split("/"))
    assert {info.mtime for info in found.values()} == {0}
    assert {info.uid for info in found.values()} == {0}
    assert found["usr/bin/a"].mode == 0o4755
    assert found["bin"].linkname == "usr/bin"


def test_parents_are_made_and_the_last_entry_counts(tmp_path: Path) -> None:
    entries = [oci.Entry("/a/b/c", 0o644, content=b"1"), oci.Entry("/a/b/c", 0o600, 7, 7, content=b"22")]
    blob = oci.write_layer(entries, tmp_path)
    found = members(tmp_path / blob.digest.partition(":")[2])
    assert list(found) == ["a", "a/b", "a/b/c"]
    assert (found["a/b/c"].size, found["a/b/c"].mode, found["a/b/c"].uid) == (2, 0o600, 7)
    assert found["a"].isdir()


def test_a_layout_is_whole_and_says_what_runs(tmp_path: Path) -> None:
    layer = oci.write_layer([oci.Entry("/x", content=b"x")], tmp_path / "blobs/sha256")
    config = oci.ImageConfig(user="1337:1337", entrypoint=("/x",), command=("-v",), environment={"A": "1"})
    digest = oci.write_layout(tmp_path, "example.org/x:1", config, [layer])
    layout = oci.Layout(tmp_path)
    assert layout.manifest_digest() == digest
    assert layout.damage() == []
    document = json.loads(layout.blob(layout.blobs()[0]).read_text(encoding="utf-8"))
    assert document["config"]["User"] == "1337:1337"
    assert document["config"]["Env"] == [f"PATH={oci.PATH}", "A=1"]
    assert document["rootfs"]["diff_ids"] == [layer.diff_id]


def test_an_index_that_cannot_be_read_is_damage(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text("{", encoding="utf-8")
    assert "index or manifest cannot be read" in oci.Layout(tmp_path).damage()[0]
