# Copyright: the gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters for image references."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleFilterError

CONTAINERS = ("containers", "initContainers")
CHOSEN_LATER = ("", "auto")
"""Images that an admission webhook fills in, as Istio's injection does for gateways."""

Images = Mapping[str, Mapping[str, str]]


def pin_images(objects: Any, images: Images) -> Any:
    """Objects whose image references carry the bundle's digests: ``name:tag`` becomes ``name:tag@sha256:…``.

    ``images`` are the bundle's, reference to {digest}; where there are none (images come from upstream) nothing is
    pinned. What counts is the string at ``image`` of what has a ``name`` too, at any depth. A reference that has a
    digest already stays as it is. A definition (CRD) names none, and is too large to look for some.

    :raises AnsibleFilterError: A container's image is not in the bundle; all of them at once.
    """
    if images:
        listed = objects if isinstance(objects, list | tuple) else [objects]
        mistakes = [mistake for one in listed if not _defines(one) for mistake in _missing(one, images, _title(one))]
        if mistakes:
            raise AnsibleFilterError("Images that the bundle does not hold:\n" + "\n".join(mistakes))
    return _pinned(objects, images)


def _pinned(value: Any, images: Images) -> Any:
    if _defines(value):
        return value
    if isinstance(value, Mapping):
        pinned = {key: _pinned(item, images) for key, item in value.items()}
        image = pinned.get("image")
        digest = images.get(image, {}).get("digest") if isinstance(image, str) and "name" in pinned else None
        return pinned | {"image": f"{image}@{digest}"} if digest else pinned
    if isinstance(value, list | tuple):
        return [_pinned(item, images) for item in value]
    return value


def _defines(one: Any) -> bool:
    return isinstance(one, Mapping) and one.get("kind") == "CustomResourceDefinition"


def _missing(value: Any, images: Images, title: str) -> Iterator[str]:
    """Say which containers' images are missing, and which known one is nearest."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            for container in item if key in CONTAINERS and isinstance(item, list | tuple) else ():
                image = container.get("image", "") if isinstance(container, Mapping) else ""
                if image not in images and image not in CHOSEN_LATER and "@" not in image:
                    near = get_close_matches(image, list(images), 1, 0.5)
                    remedy = f"Did you mean {near[0]}?" if near else "Add it to bundle/images.yml"
                    yield f"- {title}: container {container.get('name')}: {image}. {remedy}"
            yield from _missing(item, images, title)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _missing(item, images, title)


def _title(one: Any) -> str:
    metadata = one.get("metadata") if isinstance(one, Mapping) else None
    if not isinstance(metadata, Mapping):
        return "object"
    name = "/".join(str(metadata[key]) for key in ("namespace", "name") if metadata.get(key))
    return f"{one.get('kind')} {name}"


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"pin_images": pin_images}
