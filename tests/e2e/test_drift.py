"""Drift of a platform that is up: none where nobody touched it, told with who did it, and mended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.conftest import PLATFORM, drill, kubectl, objects, play

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def report() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PLATFORM / "reports/drift.json").read_text())
    return found


def test_what_was_changed_by_hand_is_told_and_mended() -> None:
    with drill("verify.drift", "K", "Drift is told with who did it, and mended exactly") as told:
        clean = play("playbooks/drift.yml")
        assert report()["open"] == []
        assert clean.code == 0
        kubectl("-n", "istio-ingress", "label", "service", "istio-ingressgateway", "drill=yes")
        kubectl("-n", "istio-system", "delete", "configmap", "istio")
        kubectl("-n", "istio-system", "create", "configmap", "drill", "--from-literal=a=1")
        try:
            found = play("playbooks/drift.yml")
            assert found.code == 2
            seen = {(one["what"], one["kind"], one["name"]): one["fields"] for one in report()["open"]}
            assert set(seen) == {
                ("changed", "Service", "istio-ingressgateway"),
                ("missing", "ConfigMap", "istio"),
                ("foreign", "ConfigMap", "drill"),
            }
            assert seen["changed", "Service", "istio-ingressgateway"][0]["by"] == "kubectl-label"
        finally:
            mended = play("playbooks/drift.yml", "-e", "repair=true")
        assert mended.code == 0
        assert (
            "drill"
            not in objects("service", "istio-ingressgateway", "--namespace=istio-ingress")[0]["metadata"]["labels"]
        )
        assert play("playbooks/drift.yml").code == 0
        told.evidence = "; ".join(sorted(f"{what} {kind} {name}" for what, kind, name in seen))
