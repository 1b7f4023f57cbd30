"""kubeadm renews what it issued, in a root directory of its own; containerd gives back images that nobody uses."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import kubeadm, renewal
from ansible_collections.gantry.platform.plugins.module_utils.remediation import disk

CONFIG = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
controlPlaneEndpoint: 127.0.0.1:6443
certificateValidityPeriod: {hours}h
"""


@pytest.fixture
def bundled_path(monkeypatch: pytest.MonkeyPatch, bundled: dict[str, Path]) -> Path:
    """The bundle's programs on the PATH; those of one component lie side by side."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gantry/bundle/go"
    found = {}
    for name in ("kubeadm", "containerd"):
        paths = [path for path in cache.glob(f"*/*/{name}") if os.access(path, os.X_OK)]
        if not paths:
            pytest.skip(f"{name} is not in the bundle")
        found[name] = max(paths, key=lambda path: path.stat().st_mtime).parent
    folders = ":".join(map(str, found.values()))
    monkeypatch.setenv("PATH", f"{folders}:{os.environ['PATH']}")
    return found["containerd"]


@pytest.fixture
def root(tmp_path: Path, bundled_path: Path) -> Path:
    """What a control plane has of kubeadm, with certificates of 100 hours."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "etc/kubernetes/manifests").mkdir(parents=True)
    (tmp_path / "etc/kubernetes/manifests/kube-apiserver.yaml").write_text("{}")
    (tmp_path / "kubeadm.yaml").write_text(CONFIG.format(hours=100))
    arguments = ["--config", "/kubeadm.yaml", "--rootfs", str(tmp_path)]
    for phase in (("certs", "all"), ("kubeconfig", "admin"), ("kubeconfig", "scheduler")):
        kubeadm.run(["init", "phase", *phase, *arguments], 60)
    return tmp_path


def test_what_ends_soon_is_renewed_and_then_rests(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    restarted: list[tuple[str, ...]] = []
    monkeypatch.setattr(renewal, "restart", lambda names, seconds: restarted.append(tuple(names)))
    monkeypatch.setattr(renewal, "ends_soon", lambda path, days: False)
    config = CONFIG.format(hours=1000)
    serving = root / "etc/kubernetes/pki/apiserver.crt"
    authority, before = (root / "etc/kubernetes/pki/ca.crt").read_bytes(), serving.read_bytes()

    assert renewal.renew(config, 3, 5, False, root).certificates == []
    told = renewal.renew(config, 30, 5, True, root).certificates
    assert {"admin.conf", "scheduler.conf", "apiserver", "etcd-server", "front-proxy-client"} <= set(told)
    assert serving.read_bytes() == before
    assert restarted == []

    assert renewal.renew(config, 30, 5, False, root).certificates == told
    assert serving.read_bytes() != before
    assert (root / "etc/kubernetes/pki/ca.crt").read_bytes() == authority
    assert restarted == [renewal.STATIC_PODS]
    assert renewal.renew(config, 30, 5, False, root).certificates == []


def test_a_process_that_does_not_come_back_is_told(tmp_path: Path) -> None:
    name = "gantry-lonely"
    shutil.copy("/bin/sleep", tmp_path / name)
    with subprocess.Popen([str(tmp_path / name), "60"]) as lonely:
        with pytest.raises(kubeadm.KubeadmError, match=f"{name} was ended .* did not come back within 1 s"):
            renewal.restart([name], 1)
        assert lonely.wait(5) != 0


def image(tag: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """An OCI image of one empty layer: its descriptor, and its blobs by digest."""
    blobs: dict[str, bytes] = {}

    def blob(content: bytes, kind: str) -> dict[str, Any]:
        digest = f"sha256:{sha256(content).hexdigest()}"
        blobs[digest] = content
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    layer = BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(tag))
    described = blob(layer.getvalue(), "application/vnd.oci.image.layer.v1.tar")
    rootfs = {"type": "layers", "diff_ids": [described["digest"]]}
    config = {"architecture": "amd64", "os": "linux", "rootfs": rootfs}
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": [described],
    }
    descriptor = blob(json.dumps(manifest).encode(), str(manifest["mediaType"]))
    return {**descriptor, "annotations": {"io.containerd.image.name": f"example.org/{tag}:1"}}, blobs


@pytest.fixture
def containerd(tmp_path: Path, bundled_path: Path) -> Iterator[tuple[str, list[str]]]:
    """A containerd of its own, without CRI: its socket, and ctr's command."""
    socket = tmp_path / "c.sock"
    settings = f"""
version = 3
root = "{tmp_path}/root"
state = "{tmp_path}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images", "io.containerd.internal.v1.opt"]
[grpc]
address = "{socket}"
"""  # noqa: E501
    (tmp_path / "config.toml").write_text(settings)
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [str(bundled_path / "containerd"), "--config", str(tmp_path / "config.toml")], stdout=log, stderr=log
        )
    ctr = ["ctr", "--address", str(socket), "--namespace", "k8s.io"]
    try:
        deadline = time.monotonic() + 20
        while subprocess.run([*ctr, "version"], capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.2)
        yield str(socket), ctr
    finally:
        process.terminate()
        process.wait(10)


def test_images_that_no_container_uses_are_removed(
    containerd: tuple[str, list[str]], bundled_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, ctr = containerd
    archive = tmp_path / "images.tar"
    found = [image("used"), image("spare")]
    with tarfile.open(archive, "w") as tar:
        files = {f"blobs/sha256/{digest[7:]}": content for _, blobs in found for digest, content in blobs.items()}
        files["oci-layout"] = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
        files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [one for one, _ in found]}).encode()
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, BytesIO(content))

    def run(*arguments: str) -> str:
        done = subprocess.run([*ctr, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("images", "import", "--local", "--snapshotter", "native", str(archive))
    run("images", "tag", "example.org/used:1", "example.org/used:again")
    run("containers", "create", "--snapshotter", "native", "example.org/used:again", "one")
    # ctr lies beside containerd, and the node's PATH is not this machine's.
    monkeypatch.setattr(
        disk,
        "_run",
        lambda command, may_fail=False: subprocess.run(command, capture_output=True, text=True, check=True).stdout,
    )
    (tmp_path / "node/var/lib").mkdir(parents=True)
    told = disk.clear(0, socket, True, tmp_path / "node")
    assert [(one["what"], one["name"]) for one in told.removed] == [("image", "example.org/spare:1")]
    assert told.removed[0]["bytes"] > 0
    done = disk.clear(0, socket, False, tmp_path / "node")
    assert done.removed == told.removed
    assert set(re.findall(r"example.org/\S+", run("images", "list", "--quiet"))) == {
        "example.org/used:1",
        "example.org/used:again",
    }
    assert disk.clear(0, socket, False, tmp_path / "node").removed == []
