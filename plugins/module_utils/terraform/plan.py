"""What a plan would do, as data that may be shown. Pure: the plan's and the schema's JSON come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.terraform import sensitive

Json = dict[str, Any]
Schemas = Mapping[str, Any]

QUIET = frozenset({"no-op", "read"})
"""Actions that change no resource."""


@dataclass(frozen=True)
class Change:
    """One resource: what is done, and its attributes before and after as far as they differ, without secrets."""

    address: str
    action: str
    before: Json
    after: Json

    def as_dict(self) -> Json:
        """As the module returns it."""
        return {"address": self.address, "action": self.action, "before": self.before, "after": self.after}


@dataclass(frozen=True)
class Summary:
    """A plan: changes, what had changed behind Terraform's back, outputs that change, and the secrets it knows."""

    changes: tuple[Change, ...]
    drift: tuple[Change, ...]
    outputs: tuple[str, ...]
    secrets: frozenset[str] = field(repr=False)

    @property
    def destroys(self) -> list[str]:
        """Addresses of what would be destroyed, also where it is made anew."""
        return [change.address for change in self.changes if change.action in ("delete", "replace")]

    def counted(self) -> str:
        """In words: 1 to add, 0 to change, 2 to destroy."""
        kinds = [change.action for change in self.changes]
        add, change, destroy = (
            sum(kind in wanted for kind in kinds)
            for wanted in (("create", "replace"), ("update",), ("delete", "replace"))
        )
        return f"{add} to add, {change} to change, {destroy} to destroy"


def summarize(plan: Json, schemas: Schemas) -> Summary:
    """Read a plan (`show -json`) with its providers' schemas (`providers schema -json`, its `provider_schemas`)."""
    known: set[str] = set()
    changes = _changes(plan.get("resource_changes", ()), schemas, known)
    drift = _changes(plan.get("resource_drift", ()), schemas, known)
    outputs = plan.get("output_changes") or {}
    for change in outputs.values():
        for side in ("before", "after"):
            known.update(sensitive.secrets(change.get(side), change.get(f"{side}_sensitive")))
    return Summary(
        changes=changes,
        drift=drift,
        outputs=tuple(sorted(name for name, change in outputs.items() if change["actions"] != ["no-op"])),
        secrets=frozenset(known),
    )


def _changes(found: Any, schemas: Schemas, known: set[str]) -> tuple[Change, ...]:
    return tuple(
        _change(entry, schemas, known)
        for entry in found
        if entry.get("mode") == "managed" and not QUIET.issuperset(entry["change"]["actions"])
    )


def _change(entry: Json, schemas: Schemas, known: set[str]) -> Change:
    change, block = entry["change"], _block(entry, schemas)
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    marks = {}
    for side, value in (("before", before), ("after", after)):
        marks[side] = sensitive.both(change.get(f"{side}_sensitive"), sensitive.marks_of(block, value))
        known.update(sensitive.secrets(value, marks[side]))
    shown_before, shown_after = (sensitive.cleaned(v, marks[s]) for s, v in (("before", before), ("after", after)))
    open_after = _opened(shown_after, unknown)
    differing = [
        name
        for name in {**before, **after, **_true(unknown)}
        if before.get(name) != after.get(name) or open_after.get(name) != shown_after.get(name)
    ]
    for name in differing:
        if open_after.get(name) == shown_before.get(name) == sensitive.SENSITIVE:
            open_after[name] = sensitive.CHANGED
    return Change(
        address=entry["address"],
        action=_action(change["actions"]),
        before={name: shown_before[name] for name in differing if shown_before.get(name) is not None},
        after={name: open_after[name] for name in differing if open_after.get(name) is not None},
    )


def _action(actions: list[str]) -> str:
    """One word: create, update, delete, forget, or replace for a deletion and a creation in any order."""
    return "replace" if {"create", "delete"} <= set(actions) else actions[0]


def _block(entry: Json, schemas: Schemas) -> Mapping[str, Any]:
    provider = schemas.get(entry.get("provider_name", ""), {})
    block: Mapping[str, Any] = provider.get("resource_schemas", {}).get(entry.get("type", ""), {}).get("block", {})
    return block


def _true(unknown: Any) -> Json:
    return {name: mark for name, mark in unknown.items() if mark is True} if isinstance(unknown, Mapping) else {}


def _opened(value: Any, unknown: Any) -> Any:
    """A value with what is not known yet named as such."""
    if unknown is True:
        return sensitive.UNKNOWN
    if isinstance(unknown, Mapping) and isinstance(value, Mapping):
        return {name: _opened(value.get(name), unknown.get(name)) for name in {**value, **_true(unknown)}}
    if isinstance(unknown, list) and isinstance(value, list):
        marks = [*unknown, *[None] * (len(value) - len(unknown))]
        return [_opened(item, mark) for item, mark in zip(value, marks, strict=False)]
    return value
