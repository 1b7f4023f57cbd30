"""Which changes of a schema its users bear: within a version an object may gain optional properties, no more.

`python -m shopkit.compatibility BASELINE` compares shopkit/schemas with a file of earlier schemas; `--write` takes new
types and additions into it, never a change that breaks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shopkit.events import schemas

Schema = Mapping[str, Any]
_PROSE = frozenset({"title", "description", "examples", "$comment", "deprecated"})


def breaks(old: Schema, new: Schema, at: str = "data") -> Iterator[str]:
    """What in `new` breaks those who know `old`: one sentence each."""
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before.keys() - after.keys():
        yield f"{at}.{name} is gone"
    for name in before.keys() & after.keys():
        yield from breaks(before[name], after[name], f"{at}.{name}")
    required, required_now = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(required_now - required):
        yield f"{at}.{name} is required now"
    for name in sorted(required - required_now):
        yield f"{at}.{name} is no longer required"
    if isinstance(old.get("items"), Mapping) and isinstance(new.get("items"), Mapping):
        yield from breaks(old["items"], new["items"], f"{at}[]")
    else:
        yield from _differ(old, new, at, {"items"})
    for name in old.get("$defs", {}):
        if name not in new.get("$defs", {}):
            yield f"{at}#{name} is gone"
        else:
            yield from breaks(old["$defs"][name], new["$defs"][name], f"{at}#{name}")
    yield from _differ(old, new, at, (old.keys() | new.keys()) - {"properties", "required", "items", "$defs"} - _PROSE)


def _differ(old: Schema, new: Schema, at: str, keys: set[str]) -> Iterator[str]:
    for key in sorted(keys):
        if old.get(key) != new.get(key):
            yield f"{at}: {key} was {json.dumps(old.get(key))}, is {json.dumps(new.get(key))}"


def compare(old: Mapping[str, Schema], new: Mapping[str, Schema]) -> list[str]:
    """Every break between two sets of schemas by type, with its remedy."""
    found: list[str] = []
    for type_, schema in old.items():
        if type_ not in new:
            found.append(f"{type_}: the schema is gone; keep it for as long as events of it are stored")
            continue
        for fault in breaks(schema, new[type_]):
            found.append(f"{type_}: {fault}; put it into a next version of the type")
    return found


def main(arguments: list[str]) -> int:
    """Compare with the baseline; return the exit status."""
    write = "--write" in arguments
    [baseline] = [Path(argument) for argument in arguments if argument != "--write"]
    old = json.loads(baseline.read_text(encoding="utf-8")) if baseline.exists() else {}
    if faults := compare(old, schemas()):
        print("\n".join(faults), file=sys.stderr)
        return 1
    if write:
        baseline.write_text(json.dumps(schemas(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    elif old != schemas():
        print(f"{baseline}: schemas have additions; run make -C services/_lib baseline", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
