"""Faults as data: what is refused, and what each is made of."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.faults import model
from ansible_collections.gantry.platform.plugins.module_utils.faults.model import Fault, FaultError

NOW, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:30+00:00"


def fault(name: str = "errors", service: str = "catalog", **more: int) -> Fault:
    return Fault(name, service, **{"seconds": 30, "percent": 50, "milliseconds": 500, **more})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "fire"}, "fault is 'fire': give one of latency, errors"),
        ({"service": "argocd"}, "fault_service is 'argocd': give one of catalog, basket"),
        ({"seconds": 0}, "fault_seconds is 0: give a whole number from 1 to 600"),
        ({"seconds": 601}, "fault_seconds is 601"),
        ({"percent": 101}, "fault_percent is 101: give a whole number from 1 to 100"),
        ({"milliseconds": 30_001}, "fault_milliseconds is 30001"),
        ({"name": "slow_database", "milliseconds": 1000}, "slow_database takes less than 1000"),
    ],
)
def test_what_cannot_be_meant_is_named(given: dict[str, Any], says: str) -> None:
    with pytest.raises(FaultError, match=says):
        fault(**given)


def test_every_fault_is_told() -> None:
    told = {fault(name).told for name in model.NAMES}
    assert len(told) == len(model.NAMES)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("latency", {"delay": {"fixed_delay": "0.500s", "percentage": {"numerator": 50, "denominator": "HUNDRED"}}}),
        ("errors", {"abort": {"http_status": 503, "percentage": {"numerator": 50, "denominator": "HUNDRED"}}}),
    ],
)
def test_a_filter_stands_before_the_service_and_carries_the_mark(name: str, made: dict[str, Any]) -> None:
    item = model.envoy_filter(fault(name), "shop")
    [patch] = item["spec"]["configPatches"]
    assert item["metadata"]["labels"][model.MARK] == name
    assert item["spec"]["workloadSelector"] == {"labels": {"app.kubernetes.io/name": "catalog"}}
    assert patch["match"]["context"] == "SIDECAR_INBOUND"
    config = patch["patch"]["value"]["typed_config"]
    assert {key: value for key, value in config.items() if key != "@type"} == made


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("payment_errors", {"error_rate": 0.5, "until": UNTIL}),
        ("payment_latency", {"latency_ms": 500, "until": UNTIL}),
        ("payment_lost", {"lost_rate": 0.5, "until": UNTIL}),
        ("latency", {}),
    ],
)
def test_the_provider_is_asked_for_faults_that_end(name: str, body: dict[str, Any]) -> None:
    assert model.provider_faults(fault(name), NOW) == body


def test_programs_that_run_in_pods_are_python() -> None:
    for program in (model.PUT_FAULTS, model.SLOW_DATABASE):
        ast.parse(program)


def test_a_workload_remembers_its_replicas() -> None:
    live = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "nats", "namespace": "data", "uid": "1", "labels": {"a": "b"}},
        "spec": {"replicas": 3},
    }
    stopped = model.scaled(live, 0, remember=3)
    assert stopped["spec"] == {"replicas": 0}
    assert model.remembered(stopped) == 3
    assert model.remembered(model.scaled(live, 3, remember=None)) is None
    assert model.remembered(live) is None
    assert "spec" not in model.released(live)
    assert stopped["metadata"]["uid"] == "1"
