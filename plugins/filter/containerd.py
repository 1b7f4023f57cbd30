# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters for the container runtime's configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable

DIRECTORY = "/etc/containerd/certs.d"

HOSTS = """\
# Written by the role container_runtime: images of {upstream} come from the bundle's registry, and from nowhere else.
server = "http://{registry}/v2{path}"
capabilities = ["pull", "resolve"]
override_path = true
"""


def containerd_mirrors(upstreams: Iterable[str], registry: str) -> list[dict[str, str]]:
    """One ``hosts.toml`` an upstream registry, as M(gantry.platform.files) takes it.

    Each sends pulls to ``http://<registry>/v2/<upstream>``. A registry that is not among ``upstreams`` is answered by
    the same server, which has nothing under its name: a missing image is an immediate "not found", never a timeout.
    """
    mirrors = {upstream: f"/{upstream}" for upstream in sorted(set(upstreams))}
    mirrors["_default"] = ""
    return [
        {"dest": f"{DIRECTORY}/{name}/hosts.toml", "content": HOSTS.format(upstream=name, registry=registry, path=path)}
        for name, path in mirrors.items()
    ]


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """The filters by name."""
        return {"containerd_mirrors": containerd_mirrors}
