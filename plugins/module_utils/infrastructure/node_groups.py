"""From the inventory's node pools to node groups of EKS: what Terraform and the modules make alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ansible_collections.gantry.platform.plugins.module_utils.contract.model import NodePool, Taint

POOL_LABEL = "gantry.dev/pool"
CAPACITY_LABEL = "gantry.dev/capacity"
FLOOR = "-floor"
"""What the name of a spot pool's group of on-demand nodes ends with."""

_EFFECTS: dict[str, Literal["NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE"]] = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}


@dataclass(frozen=True)
class NodeGroup:
    """A managed node group. `zones`: names of availability zones; `taints`: (key, value, effect as EKS writes it)."""

    name: str
    capacity: Literal["ON_DEMAND", "SPOT"]
    count: int
    min: int
    max: int
    instance_types: tuple[str, ...]
    ami_type: str
    zones: tuple[str, ...]
    labels: dict[str, str]
    taints: tuple[tuple[str, str, str], ...]


def node_groups(pools: Iterable[NodePool], region: str, zones: Iterable[str]) -> list[NodeGroup]:
    """The groups of all pools of workers, in their order.

    A group of EKS is of one capacity, so a spot pool with an `on_demand_floor` becomes two: `<pool>` and
    `<pool>-floor`, of the same labels but for the capacity, together of the pool's count, min and max. `zones`
    (letters) are those of a pool that names none. Raises ValueError where a pool cannot become a group.
    """
    letters = tuple(zones)
    found = [group for pool in pools for group in _groups(pool, region, letters)]
    names = [group.name for group in found]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"platform_node_pools: two node groups would be called '{name}'; rename the pool '{name}'")
    return found


def _groups(pool: NodePool, region: str, letters: tuple[str, ...]) -> Iterator[NodeGroup]:
    if pool.role == "control_plane":
        raise ValueError(
            f"platform_node_pools: pool {pool.name} is a control plane, which EKS brings itself; remove it"
        )
    floor = pool.on_demand_floor if pool.capacity == "spot" else 0
    if pool.capacity == "on_demand":
        yield _group(pool, pool.name, "ON_DEMAND", (pool.count, pool.least, pool.most), region, letters)
    elif pool.most > floor:
        bounds = (max(pool.count - floor, 0), max(pool.least - floor, 0), pool.most - floor)
        yield _group(pool, pool.name, "SPOT", bounds, region, letters)
    if floor:
        yield _group(pool, pool.name + FLOOR, "ON_DEMAND", (floor, floor, floor), region, letters)


def _group(
    pool: NodePool,
    name: str,
    capacity: Literal["ON_DEMAND", "SPOT"],
    bounds: tuple[int, int, int],
    region: str,
    letters: tuple[str, ...],
) -> NodeGroup:
    """`bounds`: count, min and max. EKS wants a max of at least one, even where nothing is to run."""
    count, least, most = bounds
    arm = {bool(re.match(r"[a-z]+\d+g", kind)) for kind in pool.instance_types}
    if len(arm) > 1:
        said = ", ".join(pool.instance_types)
        raise ValueError(
            f"platform_node_pools: pool {pool.name} mixes processors (Arm and x86) in {said}; make it two pools"
        )
    return NodeGroup(
        name=name,
        capacity=capacity,
        count=count,
        min=least,
        max=max(most, 1),
        instance_types=tuple(pool.instance_types),
        ami_type="AL2023_ARM_64_STANDARD" if True in arm else "AL2023_x86_64_STANDARD",
        zones=tuple(f"{region}{letter}" for letter in pool.zones or letters),
        labels={POOL_LABEL: pool.name, CAPACITY_LABEL: capacity.lower(), **pool.labels},
        taints=tuple(_taint(taint) for taint in pool.taints),
    )


def _taint(taint: Taint) -> tuple[str, str, str]:
    return taint.key, taint.value, _EFFECTS[taint.effect]
