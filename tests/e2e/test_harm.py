"""Everything of the environment killed at once: site makes it good."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from tests.e2e.conftest import ENVIRONMENT, failing, moment, play

pytestmark = [pytest.mark.e2e, pytest.mark.life]


def machine_processes() -> list[int]:
    """Process ids of everything that runs inside the environment's machines."""
    ours = re.compile(rf"/gantry-{ENVIRONMENT}(\.slice)?/")
    found: set[int] = set()
    for path in Path("/sys/fs/cgroup").rglob("cgroup.procs"):
        if ours.search(str(path)):
            found |= {int(line) for line in path.read_text().split()}
    return sorted(found)


def test_site_repairs_machines_whose_processes_were_all_killed() -> None:
    victims = machine_processes()
    assert victims
    for victim in victims:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
    began = moment()
    assert play("playbooks/site.yml").code == 0
    assert failing(since=began) == []
