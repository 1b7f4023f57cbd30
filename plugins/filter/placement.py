# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Where pods had better stand: pure transforms of objects before they are applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.gantry.platform.plugins.filter.kubernetes import CAPACITY_LABEL

OFF_SPOT = {
    "weight": 100,
    "preference": {"matchExpressions": [{"key": CAPACITY_LABEL, "operator": "NotIn", "values": ["spot"]}]},
}
"""A preference, not a demand: an environment may have nothing but spot nodes."""
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def data_off_spot(objects: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Objects in which pods that keep data prefer nodes that are not spot.

    A spot node goes at two minutes' notice, and a volume on a node's own disk goes with it; a disk of AWS ties the pod
    to its zone. What names nodes already (``nodeAffinity``) stays as it is.
    """
    return [_off_spot(one) if _keeps_data(one) else one for one in objects]


def _pod(one: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ((one.get("spec") or {}).get("template") or {}).get("spec") or {}
    return found


def _keeps_data(one: Mapping[str, Any]) -> bool:
    if one.get("kind") not in ("Deployment", "StatefulSet"):
        return False
    volumes = _pod(one).get("volumes") or []
    return bool(one["spec"].get("volumeClaimTemplates")) or any("persistentVolumeClaim" in each for each in volumes)


def _off_spot(one: Mapping[str, Any]) -> Mapping[str, Any]:
    spec, template, pod = one["spec"], one["spec"]["template"], _pod(one)
    affinity = {"nodeAffinity": {PREFERRED: [OFF_SPOT]}, **(pod.get("affinity") or {})}
    return {**one, "spec": {**spec, "template": {**template, "spec": {**pod, "affinity": affinity}}}}


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """The filters by name."""
        return {"data_off_spot": data_off_spot}
