"""What site raised, looked at from outside; then site again, in earnest and in check mode."""

from __future__ import annotations

import json
import re
import stat
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.references import missing_images

from tests.e2e.conftest import CONTRACT, PLATFORM, ROOT, STATE, Run, address, checks, failing, get, objects, play

pytestmark = pytest.mark.e2e

BASE = {"K", "I", "1", "2", "7", "9", "10", "12"}
ROWS = {
    "opa_enabled": {"O", "8"},
    "prometheus_enabled": {"P", "16", "20"},
    "dashboards_enabled": {"19"},
    "jaeger_enabled": {"J", "18"},
    "argocd_enabled": {"A", "21"},
    "autoscaling_enabled": {"11", "29"},
    "identity_enabled": {"6"},
    "shop_enabled": {"3", "4", "5", "13", "14", "17"},
}
"""Rows of the mission that a check must show: in any case, and where a component is switched on."""


def switched_on() -> set[str]:
    return {switch for switch in ROWS if CONTRACT.get(switch)}


@pytest.mark.life
def test_the_recap_names_the_address_and_it_answers(raised: Run) -> None:
    recap = raised.output[raised.output.rindex("PLAY RECAP") :]
    assert f"{address()}/shop" in recap
    assert get("/shop/").status == 200


def test_plain_http_redirects_to_https() -> None:
    ports = CONTRACT["platform_gateway_ports"]
    plain = f"{address()}/shop".replace("https://", "http://").replace(f":{ports['https']}", f":{ports['http']}")
    answer = get(plain)
    assert answer.status in (301, 308)
    assert answer.headers["location"] == f"{address()}/shop"


def test_every_row_has_a_check_and_every_check_holds() -> None:
    wanted = BASE.union(*(ROWS[switch] for switch in switched_on()))
    assert wanted - {check["row"] for check in checks().values()} == set()
    assert failing() == []


@pytest.mark.life
def test_every_system_is_switched_on() -> None:
    assert switched_on() == set(ROWS)


def test_secrets_are_readable_by_their_owner_only() -> None:
    assert stat.S_IMODE((PLATFORM / "kubeconfig").stat().st_mode) == 0o600
    assert stat.S_IMODE((STATE / "pki").stat().st_mode) == 0o700
    keys = [path for path in STATE.rglob("*.key") if "machines" not in path.relative_to(STATE).parts]
    assert keys
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)


def test_every_running_image_is_in_the_bundle_with_its_digest() -> None:
    def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
        return [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]

    static = {"kubernetes.io/config.source": "file"}.items()
    pods = [
        pod
        for pod in objects("pods", "--all-namespaces")
        if not static <= pod["metadata"].get("annotations", {}).items()
    ]
    running = {container["image"] for pod in pods for container in containers(pod)}
    bundle = json.loads((PLATFORM / "bundle.json").read_text())["images"]
    assert missing_images(sorted(running), bundle) == []


def test_an_image_that_does_not_exist_fails_the_play_with_the_event() -> None:
    failed = play(str(ROOT / "tests/e2e/missing_image.yml"))
    assert failed.code != 0
    assert "docker.io/library/does-not-exist:1" in failed.output
    assert re.search(r"not found|ErrImagePull|ImagePullBackOff", failed.output)
    assert "timed out" not in failed.output


@pytest.mark.life
def test_a_second_site_changes_nothing() -> None:
    again = play("playbooks/site.yml")
    assert again.code == 0
    assert again.changed == 0, again.changes


@pytest.mark.life
def test_check_mode_finds_nothing_to_change() -> None:
    dry = play("playbooks/site.yml", "--check", "--diff")
    assert dry.code == 0
    assert dry.changed == 0, dry.changes
