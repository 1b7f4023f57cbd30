"""Asks for one more machine and another size, as the module does; side_effect.yml kills it midway."""

from __future__ import annotations

import sys
from ipaddress import IPv4Network
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.gantry.platform.plugins.module_utils.machines.environment import Environment
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Pool
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import read_record

STATE = Path("/var/lib/gantry/mol-m")
POOLS = [
    {"name": "control", "role": "control_plane", "count": 1, "size": {"cpu": 1, "memory": "512Mi"}},
    {"name": "work", "role": "worker", "count": 2, "size": {"cpu": 0.75, "memory": "300Mi"}},
]

if __name__ == "__main__":
    record = read_record(STATE)
    Environment("mol-m", STATE).present(
        IPv4Network(record.network),
        [Pool.parse(pool) for pool in POOLS],
        Path(record.templates["mol-m-work-1"]),
        names=[],
        remove_surplus=False,
    )
