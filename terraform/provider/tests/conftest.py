"""An environment that is recorded, in a directory of its own; nothing of it is on the host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine, Size
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import Record, write_record

from gantry_provider.provider import GantryProvider

NAME = "unit-tf"
NETWORK = "10.211.0.0/24"


@pytest.fixture
def provider(tmp_path: Path) -> GantryProvider:
    """The provider, whose records lie in a temporary directory."""
    made = GantryProvider()
    made.state_directory = tmp_path
    return made


@pytest.fixture
def template(tmp_path: Path) -> str:
    """A directory to clone from."""
    (tmp_path / "template").mkdir()
    return str(tmp_path / "template")


@pytest.fixture
def recorded(provider: GantryProvider, template: str) -> GantryProvider:
    """The same with two machines of a pool, and one of another, that are recorded and do not run."""
    machines = tuple(
        Machine(f"{NAME}-{pool}-{index}", f"10.211.0.{offset}", pool, "worker", "spot", Size(0.5, "1Gi"), {"a": "b"})
        for offset, (pool, index) in enumerate([("work", 1), ("work", 2), ("other", 1)], start=10)
    )
    record = Record(NETWORK, machines, {machine.name: template for machine in machines})
    write_record(provider.state_directory / NAME, record)
    return provider


@pytest.fixture
def pool(template: str) -> dict[str, Any]:
    """A configuration of gantry_node_pool."""
    return {
        "environment": NAME,
        "network": NETWORK,
        "name": "work",
        "role": "worker",
        "capacity": "spot",
        "nodes": 2,
        "cpu": 0.5,
        "memory": "1Gi",
        "labels": {"a": "b"},
        "taints": None,
        "template": template,
        "remove_surplus": False,
    }
