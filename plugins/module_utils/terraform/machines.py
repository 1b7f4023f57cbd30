"""From the inventory to the variables of `terraform/environments/local`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

KEYS = ("name", "role", "capacity", "count", "size", "labels", "taints")
"""What machines need of a node pool."""


def node_pools(pools: Iterable[Mapping[str, Any]], surplus: Sequence[Mapping[str, Any]] = ()) -> list[dict[str, Any]]:
    """The root's variable `node_pools`.

    `surplus`: machines that no pool asks for any more, as machines_info tells them. A pool that the inventory has no
    more stays, of no machines, while one of them is there: its nodes are drained first.
    """
    wanted = [{key: pool[key] for key in KEYS if pool.get(key) is not None} for pool in pools]
    names = {pool["name"] for pool in wanted}
    left = {machine["pool"]: machine for machine in surplus if machine["pool"] not in names}
    return wanted + [
        {"name": name, "count": 0, **{key: machine[key] for key in ("role", "capacity", "size", "labels", "taints")}}
        for name, machine in sorted(left.items())
    ]
