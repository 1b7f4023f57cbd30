"""What the action says of objects, a registry and a cluster that do not answer."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.action.bundle_check import check

IMAGES = {"docker.io/istio/pilot:1.31": {"digest": "sha256:" + "1" * 64, "layout": "/x"}}
NOTHING: dict[str, Any] = {"objects": [], "kubeconfig": None, "registry": None}


def deployment(image: str) -> dict[str, Any]:
    return {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "a", "image": image}]}}}}


def test_objects_whose_images_are_held() -> None:
    found = check({**NOTHING, "objects": [deployment("docker.io/istio/pilot:1.31")]}, IMAGES)
    assert found["ok"]
    assert found["evidence"] == "1 images in use, all of them the bundle's by digest"


def test_objects_whose_images_are_not() -> None:
    found = check({**NOTHING, "objects": [deployment("docker.io/istio/pilot:1.30")]}, IMAGES)
    assert found["missing"] == ["docker.io/istio/pilot:1.30: not in the bundle"]


def test_what_does_not_answer_is_missing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    found = check({**NOTHING, "registry": address, "kubeconfig": str(tmp_path / "none")}, IMAGES)
    assert not found["ok"]
    assert f"kubeconfig {tmp_path / 'none'} cannot be read" in found["missing"][0]
    assert found["missing"][1].startswith(f"{address}: does not answer")
