"""The registry's storage: links, no copies, exactly what the bundle holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import oci
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.storage import lay_out

Images = dict[str, dict[str, str]]


@pytest.fixture
def images(tmp_path: Path) -> Images:
    found: Images = {}
    for ref in ("docker.io/istio/pilot:1.31", "registry.k8s.io/pause:3.10.2"):
        root = tmp_path / ref.replace("/", "_")
        layer = oci.write_layer([oci.Entry("/name", content=ref.encode())], root / "blobs/sha256")
        found[ref] = {"digest": oci.write_layout(root, ref, oci.ImageConfig(), [layer]), "layout": str(root)}
    return found


def test_blobs_are_linked_and_repositories_named_after_their_host(tmp_path: Path, images: Images) -> None:
    storage = tmp_path / "storage"
    assert lay_out(storage, images).added
    image = images["docker.io/istio/pilot:1.31"]
    home = storage / "docker/registry/v2/repositories/docker.io/istio/pilot"
    assert (home / "_manifests/tags/1.31/current/link").read_text() == image["digest"]
    layout = oci.Layout(Path(image["layout"]))
    for digest in (image["digest"], *layout.blobs()):
        hexadecimal = digest.partition(":")[2]
        data = storage / f"docker/registry/v2/blobs/sha256/{hexadecimal[:2]}/{hexadecimal}/data"
        assert data.samefile(layout.blob(digest))
    assert all((home / "_layers" / digest.replace(":", "/") / "link").exists() for digest in layout.blobs())


def test_a_second_time_changes_nothing_and_check_mode_writes_nothing(tmp_path: Path, images: Images) -> None:
    storage = tmp_path / "storage"
    planned = lay_out(storage, images, check=True)
    assert not storage.exists()
    assert lay_out(storage, images) == planned
    again = lay_out(storage, images)
    assert (again.added, again.removed) == ((), ())


def test_what_the_bundle_does_not_hold_goes(tmp_path: Path, images: Images) -> None:
    storage = tmp_path / "storage"
    lay_out(storage, images)
    del images["docker.io/istio/pilot:1.31"]
    changes = lay_out(storage, images)
    assert changes.removed
    assert not (storage / "docker/registry/v2/repositories/docker.io").exists()
    assert (storage / "docker/registry/v2/repositories/registry.k8s.io/pause").exists()


def test_what_was_changed_by_hand_is_put_right(tmp_path: Path, images: Images) -> None:
    storage = tmp_path / "storage"
    lay_out(storage, images)
    link = storage / "docker/registry/v2/repositories/registry.k8s.io/pause/_manifests/tags/3.10.2/current/link"
    link.write_text("sha256:0", encoding="ascii")
    data = next((storage / "docker/registry/v2/blobs").rglob("data"))
    data.unlink()
    data.write_bytes(b"")
    assert len(lay_out(storage, images).added) == 2
    assert link.read_text() == images["registry.k8s.io/pause:3.10.2"]["digest"]
    assert data.stat().st_size > 0


def test_a_layout_that_is_gone_is_named(tmp_path: Path, images: Images) -> None:
    images["registry.k8s.io/pause:3.10.2"]["layout"] = str(tmp_path / "gone")
    with pytest.raises(BundleError, match=r"registry\.k8s\.io/pause:3\.10\.2: its layout .*gone cannot be read"):
        lay_out(tmp_path / "storage", images)
