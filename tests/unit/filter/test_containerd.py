"""Mirrors: every registry is the bundle's."""

from __future__ import annotations

import tomllib

from ansible_collections.gantry.platform.plugins.filter.containerd import containerd_mirrors


def test_each_upstream_is_served_under_its_name_and_the_rest_not_at_all() -> None:
    files = {
        file["dest"]: tomllib.loads(file["content"]) for file in containerd_mirrors(["quay.io", "docker.io"], "r:5000")
    }
    assert list(files) == [
        f"/etc/containerd/certs.d/{name}/hosts.toml" for name in ("docker.io", "quay.io", "_default")
    ]
    assert files["/etc/containerd/certs.d/quay.io/hosts.toml"]["server"] == "http://r:5000/v2/quay.io"
    assert files["/etc/containerd/certs.d/_default/hosts.toml"]["server"] == "http://r:5000/v2"
    assert all(file["override_path"] for file in files.values())
