# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""How what is live differs from what a release states, and who made it so, read from ``metadata.managedFields``.

A difference is ``{release, what, kind, namespace, name, fields}``; ``what`` is ``missing``, ``changed``, or ``left`` (a
member that the release no longer states). A field is ``{path, by, at}``: the manager that owns it now and since when,
RFC 3339; ``by`` is empty where nobody owns it, as of a field that was removed. Values are never told: some are secrets.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.report import Outcome, content

BY_HAND = ("kubectl",)
"""Beginnings of the names of managers through which people write (``kubectl-edit``, ``kubectl-patch``, …). What they
add beside the stated fields is drift, too; what controllers add is their business."""
RESTARTED = ("spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
"""A restart by hand is none."""
LAST_APPLIED = ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")
WHAT = {"created": "missing", "pruned": "left", "deleted": "left"}

Fields = dict[str, Any]
Step = str | int
Path = tuple[Step, ...]


def drift(release: str, outcomes: Iterable[Outcome], manager: str) -> list[dict[str, Any]]:
    """The differences that a release's outcomes stand for, whether it was a dry run or has mended them."""
    found = []
    for one in outcomes:
        what, fields = WHAT.get(one.result, "changed"), []
        if what == "changed":
            if one.before is None or one.after is None or one.ref.kind == "Release":
                continue
            fields = changed_fields(one.before, one.after, manager)
            if not fields:
                continue
        named = {"kind": one.ref.kind, "namespace": one.ref.namespace, "name": one.ref.name}
        found.append({"release": release, "what": what, **named, "fields": fields})
    return found


def line(difference: dict[str, Any]) -> str:
    """One difference for people."""
    name = f"{difference['namespace']}/{difference['name']}" if difference["namespace"] else difference["name"]
    fields = [
        " ".join(
            word
            for word in (
                one["path"],
                f"by {one['by']}" if one["by"] else "by nobody any more",
                f"at {one['at']}" if one["at"] else "",
            )
            if word
        )
        for one in difference["fields"]
    ]
    return f"{difference['what']}: {difference['kind']} {name}" + (f": {', '.join(fields)}" if fields else "")


def changed_fields(before: Fields, after: Fields, manager: str) -> list[Fields]:
    """Fields of a live object that would be put back, and those that were added by hand."""
    told: dict[str, Fields] = {}
    for steps in _differences(content(before), content(after)):
        told[_dotted(steps, before, after)] = _owner(before, steps, manager)
    for entry, path in added_by_hand(before, manager):
        if not any(path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.") for one in told):
            told[path] = {"by": entry["manager"], "at": str(entry.get("time") or "")}
    return [{"path": path, **owner} for path, owner in sorted(told.items())]


def added_by_hand(live: Fields, manager: str) -> Iterator[tuple[Fields, str]]:
    """What people own of a live object beside what ``manager`` applied: the entry, and the dotted path."""
    entries = (live.get("metadata") or {}).get("managedFields") or []
    ours: Fields = next((entry.get("fieldsV1") or {} for entry in entries if _is_ours(entry, manager)), {})
    for entry in entries:
        if by_hand(entry):
            for path in _leaves(_beyond(stated_by_hand(entry), ours)):
                yield entry, ".".join(path)


def by_hand(entry: Fields) -> bool:
    """Whether an entry of ``managedFields`` is of a person at a command line, on the object itself."""
    return str(entry.get("manager")).startswith(BY_HAND) and not entry.get("subresource")


def stated_by_hand(entry: Fields) -> Fields:
    """The fields of such an entry, without what kubectl notes for itself."""
    fields: Fields = json.loads(json.dumps(entry.get("fieldsV1") or {}))
    for path in (RESTARTED, LAST_APPLIED):
        inner = fields
        for step in path[:-1]:
            inner = inner.get(f"f:{step}") or {}
        inner.pop(f"f:{path[-1]}", None)
    return fields


def _is_ours(entry: Fields, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")


def _beyond(theirs: Fields, ours: Fields) -> Fields:
    """Fields of one set that are not in the other."""
    found: Fields = {}
    for key, inner in theirs.items():
        if key == ".":
            continue
        if key not in ours:
            found[key] = inner
        elif ours[key] and (more := _beyond(inner, ours[key])):
            found[key] = more
    return found


def _leaves(fields: Fields, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, inner in fields.items():
        if key == ".":
            continue
        here = (*path, _step(key))
        if any(name != "." for name in inner):
            yield from _leaves(inner, here)
        elif not inner:  # {".": {}} is a mapping that was made, without anything in it
            yield here


def _step(key: str) -> str:
    kind, _, rest = key.partition(":")
    if kind == "k":
        return "[" + ",".join(f"{name}={value}" for name, value in json.loads(rest).items()) + "]"
    return f"[{rest}]" if kind == "v" else rest


def _differences(before: Any, after: Any, path: Path = ()) -> Iterator[Path]:
    """Paths at which two values differ, as deep as both have the same shape."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if key not in before or key not in after:
                yield (*path, key)
            else:
                yield from _differences(before[key], after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, (*path, index))
    elif before != after:
        yield path


def _dotted(path: Path, *objects: Any) -> str:
    """A path for people: items of lists by their name, where they have one."""
    words = []
    for depth, step in enumerate(path):
        if isinstance(step, str):
            words.append(step)
            continue
        items = [item for one in objects if isinstance(item := _at(one, path[: depth + 1]), dict)]
        name = next((item["name"] for item in items if item.get("name")), None)
        words.append(f"[name={name}]" if name else f"[{step}]")
    return ".".join(words)


def _at(value: Any, path: Path) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _owner(live: Fields, path: Path, manager: str) -> Fields:
    """Who owns a field now, but for ``manager``; the last one to write where several do."""
    entries = live["metadata"].get("managedFields") or []
    owners = [
        entry for entry in entries if not _is_ours(entry, manager) and _owns(entry.get("fieldsV1") or {}, live, path)
    ]
    if not owners:
        return {"by": "", "at": ""}
    last = max(owners, key=lambda entry: str(entry.get("time") or ""))
    return {"by": str(last["manager"]), "at": str(last.get("time") or "")}


def _owns(fields: Fields, live: Any, path: Path) -> bool:
    for step in path:
        if not any(key != "." for key in fields):
            return True  # a value that is owned as a whole
        if isinstance(step, str):
            inner = fields.get(f"f:{step}")
        else:
            item = _at(live, (step,))
            inner = next((sub for key, sub in fields.items() if key != "." and _names(key, item)), None)
        if inner is None:
            return False
        fields, live = inner, _at(live, (step,))
    return True


def _names(key: str, item: Any) -> bool:
    """Whether a key of ``fieldsV1`` stands for an item of a list."""
    kind, _, rest = key.partition(":")
    if kind == "k" and isinstance(item, dict):
        return all(item.get(name) == value for name, value in json.loads(rest).items())
    return kind == "v" and bool(json.loads(rest) == item)
