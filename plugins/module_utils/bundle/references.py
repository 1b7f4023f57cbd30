"""Image references: what objects ask for, and whether the bundle holds it with that digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reference:
    """A reference taken apart: docker.io/istio/pilot : 1.31 @ sha256:…; tag and digest may be empty."""

    repository: str
    tag: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference; a short one gets the host, the folder and the tag that every runtime gives it."""
        rest, _, digest = text.strip().removeprefix("docker-pullable://").partition("@")
        repository, colon, tag = rest.rpartition(":")
        if not colon or "/" in tag:
            repository, tag = rest, ""
        host, slash, _ = repository.partition("/")
        if not slash:
            repository = f"docker.io/library/{repository}"
        elif not ("." in host or ":" in host or host == "localhost"):
            repository = f"docker.io/{repository}"
        return cls(repository, tag or ("" if digest else "latest"), digest)


def missing_images(refs: Iterable[str], images: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What the bundle does not hold, each with the reason, in the order given; nothing when all is there.

    `images` are the bundle's: reference → digest and layout. A reference by digest alone is looked up by it.
    """
    held = {Reference.parse(ref): image["digest"] for ref, image in images.items()}
    digests = {(reference.repository, digest) for reference, digest in held.items()}
    found = []
    for text in dict.fromkeys(refs):
        wanted = Reference.parse(text)
        if not wanted.tag:
            if (wanted.repository, wanted.digest) not in digests:
                found.append(f"{text}: the bundle holds no image of that digest")
            continue
        digest = held.get(Reference(wanted.repository, wanted.tag, ""))
        if not digest:
            found.append(f"{text}: not in the bundle")
        elif wanted.digest and wanted.digest != digest:
            found.append(f"{text}: the bundle's digest is {digest}")
    return found


def object_images(objects: Any) -> Iterator[str]:
    """Every image that Kubernetes objects name: the string at `image` of whatever has a `name` too, at any depth."""
    if isinstance(objects, Mapping):
        image = objects.get("image")
        if isinstance(image, str) and image and "name" in objects:
            yield image
        for value in objects.values():
            yield from object_images(value)
    elif isinstance(objects, list | tuple):
        for value in objects:
            yield from object_images(value)


def pod_images(pods: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What the containers of running pods really run: repository and digest, as the runtime reports it (`imageID`).

    A container that has not started yet counts with the image that its pod asks for.
    """
    kinds = ("containers", "initContainers", "ephemeralContainers")
    for pod in pods:
        status = pod.get("status") or {}
        told = {
            entry["name"]: entry.get("imageID") or ""
            for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
            for entry in status.get(key) or ()
        }
        for container in (entry for kind in kinds for entry in (pod.get("spec") or {}).get(kind) or ()):
            identity = told.get(container["name"], "")
            yield identity if "@sha256:" in identity else container["image"]
