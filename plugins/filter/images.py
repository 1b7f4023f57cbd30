# Copyright: the gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Filters for image references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def pin_images(objects: Any, images: Mapping[str, Mapping[str, str]]) -> Any:
    """Objects whose image references carry the bundle's digests: ``name:tag`` becomes ``name:tag@sha256:…``.

    ``images`` are the bundle's, reference to {digest}. What counts is the string at ``image`` of what has a ``name``
    too, at any depth. A reference that the bundle does not hold, or that has a digest already, stays as it is.
    """
    if isinstance(objects, Mapping):
        pinned = {key: pin_images(value, images) for key, value in objects.items()}
        image = pinned.get("image")
        digest = images.get(image, {}).get("digest") if isinstance(image, str) and "name" in pinned else None
        return pinned | {"image": f"{image}@{digest}"} if digest else pinned
    if isinstance(objects, list | tuple):
        return [pin_images(item, images) for item in objects]
    return objects


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"pin_images": pin_images}
