"""A component is scaled to zero by mistake: its alert names the play, and the play brings the component back."""

from __future__ import annotations

import shlex
import time

import pytest

from tests.e2e.conftest import checks, delivered, drill, kubectl, moment, objects, play, wait_until

pytestmark = pytest.mark.e2e

NAMESPACE, NAME = "istio-system", "istiod"
COMPONENT = f"{NAMESPACE}/{NAME}"
TITLE = "A component scaled to zero: its alert names the play that mends it"


def replicas() -> int:
    (deployment,) = objects("deployment", NAME, f"--namespace={NAMESPACE}")
    return int(deployment["status"].get("readyReplicas") or 0)


def test_the_alert_names_the_play_that_mends_it() -> None:
    declared = replicas()
    assert declared >= 1
    with drill("prometheus.remediation", "20", TITLE) as told:
        began, at = time.time(), moment()
        kubectl("-n", NAMESPACE, "scale", "deployment", NAME, "--replicas=0")
        try:
            alert = wait_until(
                lambda: delivered("ComponentDown", began, component=COMPONENT), 60, f"ComponentDown of {COMPONENT}"
            )
            assert alert
            seconds = time.time() - began
            command = shlex.split(alert["annotations"]["remediation"])
            assert command == [
                "ansible-playbook",
                "playbooks/remediation/restart_component.yml",
                "-e",
                f"remediation_component={COMPONENT}",
            ]
            dry = play(*command[1:], "--check")
            assert dry.code == 0
            assert "scaled up from zero" in dry.output
            assert replicas() == 0
            mended = play(*command[1:])
            assert mended.code == 0
        finally:
            kubectl("-n", NAMESPACE, "scale", "deployment", NAME, f"--replicas={declared}")
        assert replicas() >= 1
        asked = [check for check in checks().values() if check["id"].startswith("istio.") and check["at"] >= at]
        assert asked
        assert all(check["ok"] for check in asked)
        told.evidence = f"{COMPONENT}: alert after {seconds:.0f} s, mended after {time.time() - began:.0f} s"


def test_an_unknown_component_is_told_with_those_that_exist() -> None:
    failed = play("playbooks/remediation/restart_component.yml", "-e", "remediation_component=istio-system/istio")
    assert failed.code != 0
    assert "Did you mean istio-system/istiod?" in failed.output
