"""What a disk gives back: never what a container uses, never what is written to."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.remediation.disk import clear, images, unused, used

IMAGES = """\
REF TYPE DIGEST SIZE PLATFORMS LABELS
docker.io/library/web:1 application/vnd.oci.image.manifest.v1+json sha256:aa 3.4 MiB linux/amd64 io.cri-containerd.image=managed
docker.io/library/web@sha256:aa application/vnd.oci.image.manifest.v1+json sha256:aa 3.4 MiB linux/amd64 io.cri-containerd.image=managed
docker.io/library/old:1 application/vnd.oci.image.index.v1+json sha256:bb 12.0 KiB linux/amd64,linux/arm64 io.cri-containerd.image=managed
sha256:00 application/vnd.oci.image.index.v1+json sha256:bb 12.0 KiB linux/amd64,linux/arm64 io.cri-containerd.image=managed
registry.k8s.io/pause:3.10 application/vnd.oci.image.manifest.v1+json sha256:cc 512.0 B linux/amd64 io.cri-containerd.image=managed,io.cri-containerd.pinned=pinned
"""  # noqa: E501
CONTAINERS = """\
CONTAINER    IMAGE                              RUNTIME
0a1b         docker.io/library/web@sha256:aa    io.containerd.runc.v2
"""


def test_an_image_is_kept_by_any_of_its_references_and_where_the_runtime_needs_it() -> None:
    found = images(IMAGES)
    assert [image.size for image in found][2:] == [12 << 10, 12 << 10, 512]
    assert [image.reference for image in unused(found, used(CONTAINERS))] == ["docker.io/library/old:1", "sha256:00"]
    assert [image.reference for image in unused(found, set())] == [
        "docker.io/library/web:1",
        "docker.io/library/web@sha256:aa",
        "docker.io/library/old:1",
        "sha256:00",
    ]


def test_rotated_logs_go_and_live_ones_stay(tmp_path: Path) -> None:
    live = [
        "var/log/kubernetes/audit.log",
        "var/log/pods/x_p_1/app/0.log",
        "var/lib/volumes/data",
    ]
    spare = [
        "var/log/kubernetes/audit-2026-01-01T00-00-00.000.log",
        "var/log/pods/x_p_1/app/0.log.20260101-000000",
        "var/cache/apt/archives/a_1_amd64.deb",
    ]
    for name in live + spare:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x" * 10)
    told = clear(1 << 20, str(tmp_path / "no.sock"), check=True, root=tmp_path)
    assert {one["name"] for one in told.removed} == {str(tmp_path / name) for name in spare}
    assert all((tmp_path / name).exists() for name in live + spare)
    done = clear(1 << 20, str(tmp_path / "no.sock"), check=False, root=tmp_path)
    assert done.removed == told.removed
    assert [name for name in live + spare if (tmp_path / name).exists()] == live
    assert clear(1 << 20, str(tmp_path / "no.sock"), check=False, root=tmp_path).removed == []
