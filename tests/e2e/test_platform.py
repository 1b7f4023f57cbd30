"""One life of a platform: raised, looked at, raised again, broken, repaired, destroyed. The tests run in this order."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import stat
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle.references import missing_images
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import difference, snapshot

from tests.e2e.conftest import PLATFORM, ROOT, STATE, Run, checks, play

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def before() -> Any:
    """The host as it was, after clearing what an interrupted run may have left."""
    play("playbooks/destroy.yml", "-e", "confirm=e2e")
    return snapshot()


@pytest.fixture(scope="module")
def raised(before: Any) -> Run:
    """The platform, raised by site."""
    return play("playbooks/site.yml")


def address(run: Run) -> str:
    """The address of the shop that the recap prints."""
    found = re.search(r"https://\S+", run.output[run.output.rindex("PLAY RECAP") :])
    assert found, "the recap prints no address"
    return found.group().rstrip("/.,")


def kubectl(*arguments: str) -> str:
    """What the bundle's kubectl prints."""
    binary = json.loads((PLATFORM / "bundle.json").read_text())["binaries"]["kubectl"]
    command = [binary, "--kubeconfig", str(PLATFORM / "kubeconfig"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_site_raises_the_platform(raised: Run) -> None:
    assert raised.code == 0


def test_the_printed_address_answers(raised: Run) -> None:
    context = ssl.create_default_context(cafile=str(PLATFORM / "ca.crt"))
    with urllib.request.urlopen(address(raised), context=context, timeout=10) as answer:
        assert answer.status == 200


def test_plain_http_redirects_to_https(raised: Run) -> None:
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    plain = address(raised).replace("https://", "http://").replace(":30443", ":30080")
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.build_opener(Stay).open(plain, timeout=10)
    assert error.value.code in (301, 308)
    assert error.value.headers["location"] == address(raised)


def test_every_check_of_the_evidence_passes(raised: Run) -> None:
    seen = checks()
    assert {check["row"] for check in seen.values()} >= {"K", "I", "1", "2", "7", "9", "10"}
    assert [check for check in seen.values() if not check["ok"]] == []


def test_secrets_are_readable_by_their_owner_only(raised: Run) -> None:
    assert stat.S_IMODE((PLATFORM / "kubeconfig").stat().st_mode) == 0o600
    assert stat.S_IMODE((STATE / "pki").stat().st_mode) == 0o700
    keys = [path for path in STATE.rglob("*.key") if "machines" not in path.relative_to(STATE).parts]
    assert keys
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in keys)


def test_every_running_image_is_in_the_bundle_with_its_digest(raised: Run) -> None:
    pods = json.loads(kubectl("get", "pods", "--all-namespaces", "--output=json"))["items"]
    running = {
        container["image"]
        for pod in pods
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
        if pod["metadata"].get("annotations", {}).get("kubernetes.io/config.source") != "file"
    }
    bundle = json.loads((PLATFORM / "bundle.json").read_text())["images"]
    assert missing_images(sorted(running), bundle) == []


def test_a_second_site_changes_nothing(raised: Run) -> None:
    again = play("playbooks/site.yml")
    assert again.code == 0
    assert again.changed == 0, [line for line in again.output.splitlines() if line.startswith("changed:")]


def test_check_mode_finds_nothing_to_change(raised: Run) -> None:
    dry = play("playbooks/site.yml", "--check", "--diff")
    assert dry.code == 0
    assert dry.changed == 0


def test_an_image_that_does_not_exist_fails_the_play_with_the_event(raised: Run) -> None:
    failed = play(str(ROOT / "tests/e2e/missing_image.yml"))
    assert failed.code != 0
    assert "docker.io/library/does-not-exist:1" in failed.output
    assert re.search(r"not found|ErrImagePull|ImagePullBackOff", failed.output)
    assert "timed out" not in failed.output


def machine_processes() -> list[int]:
    """Process ids of everything that runs inside the environment's machines."""
    ours = re.compile(r"/gantry-e2e(\.slice)?/")
    found: set[int] = set()
    for path in Path("/sys/fs/cgroup").rglob("cgroup.procs"):
        if ours.search(str(path)):
            found |= {int(line) for line in path.read_text().split()}
    return sorted(found)


def test_site_repairs_machines_whose_processes_were_all_killed(raised: Run) -> None:
    victims = machine_processes()
    assert victims
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert play("playbooks/site.yml").code == 0
    assert [check for check in checks().values() if not check["ok"]] == []


def test_destroy_asks_for_the_name(raised: Run) -> None:
    refused = play("playbooks/destroy.yml")
    assert refused.code != 0
    assert "confirm=e2e" in refused.output
    assert (STATE / "machines.json").exists()


def test_destroy_leaves_the_host_as_before(raised: Run, before: Any) -> None:
    assert play("playbooks/destroy.yml", "-e", "confirm=e2e").code == 0
    assert not STATE.exists()
    changes = difference(before, snapshot())
    if not changes.get("ports", {}).get("new"):
        changes.pop("ports", None)  # other programs of this host may have closed some
    assert changes == {}
