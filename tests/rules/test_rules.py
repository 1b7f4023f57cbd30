"""Rules by promtool, which judges them as Prometheus does: syntax, and each alert on series made up for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.policies.test_policies import ROOT, binary

RULES = ROOT / "roles/prometheus/files/rules"
TESTS = Path(__file__).parent
NAMES = sorted(path.stem for path in RULES.glob("*.yml"))


def promtool(*arguments: str) -> None:
    done = subprocess.run([binary("promtool"), *arguments], cwd=TESTS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def alerts(name: str) -> set[str]:
    groups = yaml.safe_load((RULES / f"{name}.yml").read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


@pytest.mark.parametrize("name", NAMES)
def test_rules(name: str) -> None:
    promtool("check", "rules", str(RULES / f"{name}.yml"))
    promtool("test", "rules", f"{name}_test.yml")


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_is_seen_firing(name: str) -> None:
    tests = yaml.safe_load((TESTS / f"{name}_test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tests for case in test.get("alert_rule_test", ()) if case["exp_alerts"]}
    assert fired == alerts(name)


def test_names_are_unique() -> None:
    names = [alert for name in NAMES for alert in alerts(name)]
    assert len(names) == len(set(names))
