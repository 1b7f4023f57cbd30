"""Images are pinned to the bundle's digests."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.filter.images import pin_images

IMAGES = {"quay.io/a/b:1": {"digest": "sha256:aa", "layout": "/x"}, "quay.io/planned:1": {"digest": ""}}


@pytest.mark.parametrize(
    ("image", "pinned"),
    [
        ("quay.io/a/b:1", "quay.io/a/b:1@sha256:aa"),
        ("quay.io/a/b:1@sha256:bb", "quay.io/a/b:1@sha256:bb"),
        ("auto", "auto"),
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


def test_definitions_stay() -> None:
    definition = {"kind": "CustomResourceDefinition", "spec": {"name": "c", "image": "quay.io/a/b:1"}}
    assert pin_images([definition], IMAGES) == [definition]


def test_without_a_bundle_nothing_is_pinned() -> None:
    assert pin_images([{"name": "c", "image": "quay.io/a/b:1"}], {}) == [{"name": "c", "image": "quay.io/a/b:1"}]


def test_a_container_whose_image_is_not_in_the_bundle_is_named_with_the_nearest() -> None:
    template = {"spec": {"containers": [{"name": "web", "image": "quay.io/a/b:2"}, {"name": "x", "image": "no/where"}]}}
    metadata = {"name": "shop", "namespace": "dev"}
    deployment = {"kind": "Deployment", "metadata": metadata, "spec": {"template": template}}
    with pytest.raises(AnsibleFilterError) as caught:
        pin_images([deployment], IMAGES)
    assert "- Deployment dev/shop: container web: quay.io/a/b:2. Did you mean quay.io/a/b:1?" in str(caught.value)
    assert "container x: no/where. Add it to bundle/images.yml" in str(caught.value)
