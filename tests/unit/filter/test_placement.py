"""Filters of where pods stand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.filter.placement import OFF_SPOT, PREFERRED, data_off_spot


def workload(kind: str, spec: dict[str, Any] | None = None, **pod: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x"}, "spec": {"template": {"spec": pod}, **(spec or {})}}


CLAIM = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}


@pytest.mark.parametrize(
    "one",
    [
        workload("StatefulSet", {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}, containers=[]),
        workload("Deployment", volumes=[{"name": "tmp", "emptyDir": {}}, CLAIM]),
        workload("Deployment", volumes=[CLAIM], affinity={"podAntiAffinity": {"some": "thing"}}),
    ],
)
def test_what_keeps_data_prefers_nodes_that_stay(one: dict[str, Any]) -> None:
    [placed] = data_off_spot([one])
    affinity = placed["spec"]["template"]["spec"]["affinity"]
    assert affinity.pop("nodeAffinity") == {PREFERRED: [OFF_SPOT]}
    assert affinity == one["spec"]["template"]["spec"].get("affinity", {})
    assert placed["spec"].get("volumeClaimTemplates") == one["spec"].get("volumeClaimTemplates")


@pytest.mark.parametrize(
    "one",
    [
        workload("Deployment", volumes=[{"name": "tmp", "emptyDir": {}}]),
        workload("StatefulSet", {"volumeClaimTemplates": []}),
        workload("Deployment", volumes=[CLAIM], affinity={"nodeAffinity": {"mine": []}}),
        {"kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {"resources": {}}},
        {"kind": "List", "items": []},
    ],
)
def test_everything_else_stays_as_it_is(one: dict[str, Any]) -> None:
    assert data_off_spot([one]) == [one]
