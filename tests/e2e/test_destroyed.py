"""The end of the environment's life: nothing of it is left."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import difference, snapshot

from tests.e2e.conftest import ENVIRONMENT, STATE, play

pytestmark = [pytest.mark.e2e, pytest.mark.life]


def test_destroy_asks_for_the_name() -> None:
    refused = play("playbooks/destroy.yml")
    assert refused.code != 0
    assert f"confirm={ENVIRONMENT}" in refused.output
    assert (STATE / "machines.json").exists()


def test_destroy_leaves_the_host_as_before(before: Any) -> None:
    assert play("playbooks/destroy.yml", "-e", f"confirm={ENVIRONMENT}").code == 0
    assert not STATE.exists()
    changes = difference(before, snapshot())
    if not changes.get("ports", {}).get("new"):
        changes.pop("ports", None)  # other programs of this host may have closed some
    assert changes == {}
