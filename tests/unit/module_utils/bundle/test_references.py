"""What objects and pods ask for, against what the bundle holds."""

from __future__ import annotations

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.references import (
    Reference,
    missing_images,
    object_images,
    pod_images,
)

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
IMAGES = {
    "docker.io/istio/pilot:1.31": {"digest": ONE, "layout": "/x"},
    "docker.io/library/busybox:1.35.0": {"digest": TWO, "layout": "/y"},
}


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("busybox", Reference("docker.io/library/busybox", "latest", "")),
        ("istio/pilot:1.31", Reference("docker.io/istio/pilot", "1.31", "")),
        ("localhost:5000/a/b", Reference("localhost:5000/a/b", "latest", "")),
        (f"quay.io/a/b:v1@{ONE}", Reference("quay.io/a/b", "v1", ONE)),
        (f"quay.io/a/b@{ONE}", Reference("quay.io/a/b", "", ONE)),
    ],
)
def test_parse(text: str, reference: Reference) -> None:
    assert Reference.parse(text) == reference


@pytest.mark.parametrize(
    "held",
    [
        "docker.io/istio/pilot:1.31",
        f"docker.io/istio/pilot:1.31@{ONE}",
        f"docker.io/istio/pilot@{ONE}",
        "busybox:1.35.0",
    ],
)
def test_held(held: str) -> None:
    assert missing_images([held], IMAGES) == []


@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("docker.io/istio/pilot:1.30", "not in the bundle"),
        ("busybox", "not in the bundle"),
        (f"docker.io/istio/pilot:1.31@{TWO}", f"the bundle's digest is {ONE}"),
        (f"docker.io/istio/pilot@{TWO}", "the bundle holds no image of that digest"),
    ],
)
def test_missing(ref: str, reason: str) -> None:
    assert missing_images([ref, ref], IMAGES) == [f"{ref}: {reason}"]


def test_images_of_objects_at_any_depth() -> None:
    pod = {"initContainers": [{"name": "a", "image": "one:1"}], "containers": [{"name": "b", "image": "two:2"}]}
    cron = {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}
    settings = {"kind": "Telemetry", "spec": {"image": "not-a-container:1"}}
    assert list(object_images([cron, settings])) == ["one:1", "two:2"]


def test_images_of_pods_are_what_runs() -> None:
    pod = {
        "spec": {"containers": [{"name": "a", "image": "one:1"}, {"name": "b", "image": "two:2"}]},
        "status": {"containerStatuses": [{"name": "a", "image": "one:1", "imageID": f"docker.io/library/one@{ONE}"}]},
    }
    assert list(pod_images([pod])) == [f"docker.io/library/one@{ONE}", "two:2"]
