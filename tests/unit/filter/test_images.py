"""Images are pinned to the bundle's digests."""

from __future__ import annotations

import pytest
from ansible_collections.gantry.platform.plugins.filter.images import pin_images

IMAGES = {"quay.io/a/b:1": {"digest": "sha256:aa", "layout": "/x"}, "quay.io/planned:1": {"digest": ""}}


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("quay.io/a/b:1", "quay.io/a/b:1@sha256:aa"),
        ("quay.io/a/b:1@sha256:bb", "quay.io/a/b:1@sha256:bb"),
        ("quay.io/a/b:2", "quay.io/a/b:2"),
        ("quay.io/planned:1", "quay.io/planned:1"),
    ],
)
def test_a_reference_gets_the_bundles_digest(image: str, pinned: str) -> None:
    pod = {"kind": "Pod", "spec": {"initContainers": [{"name": "i", "image": image}], "hostNetwork": True}}
    expected = {"kind": "Pod", "spec": {"initContainers": [{"name": "i", "image": pinned}], "hostNetwork": True}}
    assert pin_images([pod], IMAGES) == [expected]


def test_other_strings_at_image_stay() -> None:
    config = {"kind": "ConfigMap", "data": {"image": "quay.io/a/b:1"}}
    assert pin_images([config], IMAGES) == [config]


def test_without_a_bundle_nothing_is_pinned() -> None:
    assert pin_images([{"name": "c", "image": "quay.io/a/b:1"}], {}) == [{"name": "c", "image": "quay.io/a/b:1"}]
