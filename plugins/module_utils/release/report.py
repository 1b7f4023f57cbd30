# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What a release did: one outcome per object, the seconds of each phase, the differences."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.release.objects import SERVER_FIELDS, Ref

CHANGES = ("created", "configured", "pruned", "deleted", "released")
RESULTS = (*CHANGES, "unchanged", "kept", "failed")

Object = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one object; ``before`` and ``after`` are its live states, None where it is not there."""

    ref: Ref
    api_version: str
    result: str
    before: Object | None = None
    after: Object | None = None
    error: str = ""

    def told(self) -> dict[str, str]:
        """The outcome as the module returns it."""
        told = {
            "api_version": self.api_version,
            "kind": self.ref.kind,
            "namespace": self.ref.namespace,
            "name": self.ref.name,
            "result": self.result,
        }
        return {**told, "error": self.error} if self.error else told


@dataclass
class Report:
    """All outcomes of one run."""

    outcomes: dict[Ref, Outcome] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time spent inside to the seconds of a phase."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - started, 3)

    def add(self, outcome: Outcome) -> None:
        """Record one outcome."""
        self.outcomes[outcome.ref] = outcome

    @property
    def changed(self) -> bool:
        """Whether anything was changed, or would be in check mode."""
        return any(outcome.result in CHANGES for outcome in self.outcomes.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many objects had each result."""
        results = [outcome.result for outcome in self.outcomes.values()]
        return {name: results.count(name) for name in RESULTS if name in results}

    @property
    def created(self) -> set[Ref]:
        """The objects that are new."""
        return {outcome.ref for outcome in self.outcomes.values() if outcome.result == "created"}

    def progress(self, stated: list[Ref]) -> str:
        """How far an interrupted run came, to end its message with; nothing if it had not begun or came through."""
        done = {ref for ref in stated if ref in self.outcomes and self.outcomes[ref].result != "failed"}
        missing = [str(ref) for ref in stated if ref not in done]
        if not missing or not self.outcomes:
            return ""
        return (
            f"\n{len(done)} of {len(stated)} objects are applied ({_some(map(str, sorted(done))) or 'none'});"
            f" not applied: {_some(missing)}. Run again to finish"
        )

    def diffs(self) -> list[dict[str, str]]:
        """Before and after of every changed object, as YAML, without the server's own fields and without secrets."""
        return [
            {
                "before_header": f"{outcome.ref} (live)",
                "after_header": f"{outcome.ref} ({outcome.result})",
                "before": _yaml(outcome.before, outcome.after),
                "after": _yaml(outcome.after, outcome.before),
            }
            for outcome in self.outcomes.values()
            if outcome.result in CHANGES
        ]


def content(live: Object | None) -> Object:
    """An object without what changes by itself: for comparing and showing."""
    if not live:
        return {}
    shown = {key: value for key, value in live.items() if key != "status"}
    shown["metadata"] = {key: value for key, value in live["metadata"].items() if key not in SERVER_FIELDS}
    return shown


def ownership(live: Object) -> list[Any]:
    """Who owns which fields of an object, without the times."""
    return [
        {key: value for key, value in entry.items() if key != "time"}
        for entry in live["metadata"].get("managedFields") or []
    ]


def _some(names: Iterable[str], most: int = 10) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _yaml(live: Object | None, other: Object | None) -> str:
    if live is None:
        return ""
    import yaml

    shown = content(live)
    if live.get("kind") == "Secret" and live.get("apiVersion") == "v1":
        theirs = (other or {}).get("data") or {}
        shown["data"] = {key: _veiled(value, theirs.get(key)) for key, value in (live.get("data") or {}).items()}
    text: str = yaml.dump(
        shown, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=True, default_flow_style=False
    )
    return text


def _veiled(value: str, other: str | None) -> str:
    """A secret's value: only whether it differs is shown."""
    return (
        "(secret)"
        if other is None or other == value
        else f"(secret, differs: {hashlib.sha256(value.encode()).hexdigest()[:8]})"
    )
