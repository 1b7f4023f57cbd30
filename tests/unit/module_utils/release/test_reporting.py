"""What is told of a run: errors, progress, differences, membership."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, explain
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Catalogue, Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Outcome, Report

REFS = [Ref("", "ConfigMap", "x", f"c{number:02}") for number in range(15)]
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", namespaced=True)


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        (401, "Unauthorized", "does not accept the credentials"),
        (404, 'namespaces "x" not found', "Add the Namespace to the release's objects"),
        (403, "unable to create: x is being terminated", "Wait until it is gone"),
        (422, "spec.selector: field is immutable", "rename the object, or delete it"),
        (400, "something else", "something else"),
    ],
)
def test_refusals_come_with_a_remedy(status: int, message: str, told: str) -> None:
    assert told in explain(ApiError(status, {"message": message}, "PATCH /x"))


def test_conflicts_are_told_by_field_and_owner() -> None:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "hpa" using autoscaling/v2',
            "field": ".spec.replicas",
        },
        {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".data.a"},
    ]
    text = explain(ApiError(409, {"message": "Apply failed", "details": {"causes": causes}}, "PATCH /x"))
    assert ".spec.replicas (owned by hpa); .data.a (owned by kubectl)" in text


def test_progress() -> None:
    report = Report()
    assert report.progress(REFS) == ""
    for ref in REFS[:12]:
        report.add(Outcome(ref, "v1", "created"))
    report.add(Outcome(REFS[12], "v1", "failed"))
    text = report.progress(REFS)
    assert "12 of 15 objects are applied (ConfigMap x/c00, " in text
    assert "and 2 more" in text
    assert "not applied: ConfigMap x/c12, ConfigMap x/c13, ConfigMap x/c14. Run again to finish" in text


def test_a_kept_object_is_no_change() -> None:
    report = Report()
    report.add(Outcome(REFS[0], "v1", "kept"))
    assert not report.changed
    assert report.counts == {"kept": 1}


def test_a_secrets_difference_shows_no_value() -> None:
    def secret(**data: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data}

    report = Report()
    before, after = secret(same="c2FtZQ==", other="b2xk"), secret(same="c2FtZQ==", other="bmV3", more="bW9yZQ==")
    report.add(Outcome(Ref("", "Secret", "x", "s"), "v1", "configured", before, after))
    (diff,) = report.diffs()
    assert not {"c2FtZQ==", "b2xk", "bmV3", "bW9yZQ=="} & set(diff["before"].split() + diff["after"].split())
    assert "same: (secret)" in diff["before"]
    assert diff["before"] != diff["after"]


def test_the_id_of_a_set_is_that_of_the_kep() -> None:
    """``base64url(sha256(name.namespace.kind.group))``, the namespace of a cluster-scoped parent being empty."""
    assert applyset.set_id("shop.dev") == "applyset-" + applyset.set_id("shop.dev").removeprefix("applyset-")
    assert len(applyset.set_id("shop.dev")) == len("applyset-") + 43 + len("-v1") <= 63
    assert applyset.parent_name("shop", "dev") == "shop.dev"
    assert applyset.parent_name("shop", "") == "shop"


def test_a_parent_tells_its_contents() -> None:
    held = applyset.Contents(frozenset({"ConfigMap", "Deployment.apps"}), frozenset({"b", "a"}))
    parent = applyset.parent("shop", "dev", held, "1.0.0")
    assert parent["metadata"]["annotations"][applyset.GROUP_KINDS] == "ConfigMap,Deployment.apps"
    assert parent["metadata"]["annotations"][applyset.NAMESPACES] == "a,b"
    assert applyset.contents(parent) == held
    assert applyset.contents(None) == applyset.Contents()


def test_paths() -> None:
    assert DEPLOYMENT.path("x", "a") == "/apis/apps/v1/namespaces/x/deployments/a"
    assert CONFIG_MAP.path("x") == "/api/v1/namespaces/x/configmaps"
    assert CONFIG_MAP.path() == "/api/v1/configmaps"
    assert DEPLOYMENT.group_kind == "Deployment.apps"


@pytest.mark.parametrize(
    ("api_version", "kind", "told"),
    [
        ("apps/v1", "Deploymnet", "Did you mean Deployment (apps/v1)?"),
        ("apps/v1beta1", "Deployment", "not served in apps/v1beta1, but in apps/v1"),
        ("example.org/v1", "Anything", "Add its CustomResourceDefinition"),
        ("metrics.k8s.io/v1beta1", "PodMetrics", "See the status of APIService v1beta1.metrics.k8s.io"),
    ],
)
def test_an_unknown_kind_is_told_with_the_nearest(api_version: str, kind: str, told: str) -> None:
    catalogue = Catalogue([DEPLOYMENT, CONFIG_MAP], {"metrics.k8s.io": "v1beta1"})
    assert told in str(catalogue.unknown(api_version, kind))
