# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Decides without a request whether a server-side apply would change anything.

It would not if our field manager owns exactly the fields that the object states, and the live ones have the stated
values. Ownership is read from ``metadata.managedFields`` (``fieldsV1``: ``f:`` a field, ``k:`` an item of a keyed list,
``v:`` an item of a set, an empty mapping a value owned as a whole). Where that cannot be decided the answer is False:
the server is asked, and knows.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

Path = tuple[str, ...]

MISSING = object()
"""A field that is not there."""

QUANTITIES = frozenset(
    {
        "requests",
        "limits",
        "hard",
        "capacity",
        "allocatable",
        "overhead",
        "podFixed",
        "default",
        "defaultRequest",
        "min",
        "max",
        "maxLimitRequestRatio",
    }
)
"""Fields whose values are maps from a resource to a quantity, in Kubernetes' own kinds."""
SINGLE_QUANTITIES = frozenset({"sizeLimit", "averageValue"})
"""Fields that are one quantity."""
FILLED_IN: dict[tuple[str, str], Any] = {
    ("fieldRef", "apiVersion"): "v1",
    ("ports", "protocol"): "TCP",
    ("rules", "scope"): "*",
    ("volumeClaimTemplates", "apiVersion"): "v1",
    ("volumeClaimTemplates", "kind"): "PersistentVolumeClaim",
    ("volumeClaimTemplates", "status"): {"phase": "Pending"},
    ("spec", "volumeMode"): "Filesystem",
}
"""What the server fills into values owned as a whole, by the field that holds it and its name."""
SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal("1e3"), "M": Decimal("1e6"),
    "G": Decimal("1e9"), "T": Decimal("1e12"), "P": Decimal("1e15"), "E": Decimal("1e18"), "Ki": Decimal(2**10),
    "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip


QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]|[KMGTPE]i)?")


def is_unchanged(desired: dict[str, Any], live: dict[str, Any], manager: str, builtin: bool = True) -> bool:
    """Whether applying ``desired`` as ``manager`` would leave ``live`` as it is.

    ``builtin`` says that the kind is Kubernetes' own: the server brings its quantities into a canonical form.
    """
    metadata = live.get("metadata") or {}
    ours = [
        entry
        for entry in metadata.get("managedFields") or []
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
    ]
    if len(ours) != 1 or ours[0].get("apiVersion") != desired.get("apiVersion") or "deletionTimestamp" in metadata:
        return False
    stated = {key: value for key, value in desired.items() if key not in ("apiVersion", "kind", "metadata")}
    described = {
        key: value for key, value in (desired.get("metadata") or {}).items() if key not in ("name", "namespace")
    }
    if described:
        stated["metadata"] = described
    return _Comparison(builtin, desired.get("kind") in ("ConfigMap", "Secret")).same(
        stated, live, ours[0].get("fieldsV1") or {}, ()
    )


def quantity(value: Any) -> Decimal | None:
    """The number that a Kubernetes quantity (``500m``, ``1Gi``, ``2``) stands for, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    found = QUANTITY.fullmatch(str(value))
    return Decimal(found[1]) * SUFFIXES.get(found[2], Decimal(1)) if found else None


class _Comparison:
    def __init__(self, builtin: bool, free_text: bool) -> None:
        self._builtin = builtin
        self._quantities = builtin and not free_text

    def same(self, desired: Any, live: Any, owned: dict[str, Any], path: Path) -> bool:
        """Whether value and ownership of one field are as stated."""
        members = {key: value for key, value in owned.items() if key != "."}
        if not members:
            if live is MISSING or live is None:  # Kubernetes' own kinds leave out what is empty
                return self._builtin and (desired is False or desired in ({}, [], "", 0))
            return live == desired if desired in ({}, []) else self._equal(desired, live, path)
        if isinstance(desired, dict) and isinstance(live, dict):
            return self._same_fields(desired, live, members, path)
        if isinstance(desired, list) and isinstance(live, list):
            if all(key.startswith("k:") for key in members):
                return self._same_items(desired, live, members, path)
            if all(key.startswith("v:") for key in members):
                return self._same_set(desired, live, members)
        return False

    def _same_fields(self, desired: dict[str, Any], live: dict[str, Any], members: dict[str, Any], path: Path) -> bool:
        if len(members) != len(desired):
            return False
        for key, value in desired.items():
            owned = members.get(f"f:{key}")
            if owned is None or not self.same(value, live.get(key, MISSING), owned, (*path, key)):
                return False
        return True

    def _same_items(self, desired: list[Any], live: list[Any], members: dict[str, Any], path: Path) -> bool:
        if len(members) != len(desired):
            return False
        keys = [(json.loads(key[2:]), owned) for key, owned in members.items()]
        position = -1
        for item in desired:
            if not isinstance(item, dict):
                return False
            matches = [
                (key, owned)
                for key, owned in keys
                if all(item.get(name, value) == value for name, value in key.items())
            ]
            if len(matches) != 1:
                return False
            key, owned = matches[0]
            places = [
                place
                for place, other in enumerate(live)
                if all(other.get(name) == value for name, value in key.items())
            ]
            if len(places) != 1 or places[0] <= position:
                return False
            position = places[0]
            if not self.same(item, live[position], owned, path):
                return False
        return True

    def _same_set(self, desired: list[Any], live: list[Any], members: dict[str, Any]) -> bool:
        owned = {key[2:] for key in members}
        if len(owned) != len(desired) or {json.dumps(value, separators=(",", ":")) for value in desired} != owned:
            return False
        return [value for value in live if value in desired] == desired

    def _equal(self, desired: Any, live: Any, path: Path) -> bool:
        """Whether two values are equal as a whole, but for what the server is known to fill in or to normalise."""
        if isinstance(desired, dict) and isinstance(live, dict):
            for key, value in live.items():
                if key not in desired and not (path and self._quantities and FILLED_IN.get((path[-1], key)) == value):
                    return False
            return all(key in live and self._equal(value, live[key], (*path, key)) for key, value in desired.items())
        if isinstance(desired, list) and isinstance(live, list):
            return len(desired) == len(live) and all(
                self._equal(one, other, path) for one, other in zip(desired, live, strict=True)
            )
        if type(desired) is type(live) and desired == live:
            return True
        return (
            self._quantities
            and self._is_quantity(path)
            and quantity(desired) is not None
            and quantity(desired) == quantity(live)
        )

    @staticmethod
    def _is_quantity(path: Path) -> bool:
        if path[:1] == ("metadata",) or {"labels", "annotations", "matchLabels", "nodeSelector"} & set(path):
            return False
        return bool(path) and (path[-1] in SINGLE_QUANTITIES or (len(path) > 1 and path[-2] in QUANTITIES))
