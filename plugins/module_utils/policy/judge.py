"""Judging objects by policies before anything is applied: gator beside a file, no cluster."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.policy.library import Object, PolicyError
from ansible_collections.gantry.platform.plugins.module_utils.tools import run_tool


@dataclass(frozen=True, order=True)
class Violation:
    """One breach: `object` is `Kind namespace/name`, `action` that of the constraint (deny, warn, dryrun)."""

    object: str
    policy: str
    message: str
    action: str

    def __str__(self) -> str:
        return f"{self.object}: {self.message} ({self.policy})"


def judge(
    gator: Path, policies: Sequence[Object], objects: Sequence[Object], context: Sequence[Object] = ()
) -> list[Violation]:
    """Breaches of the policies by the objects. `context`: objects that are there already and are looked up, not judged.

    What no policy looks at, secrets among it, is not handed to gator.

    :raises PolicyError: gator cannot be run, or it refuses a policy.
    """
    kinds = looked_at(policies)
    objects = [item for item in objects if _is_among(item, kinds)]
    judged = {_title(item) for item in objects}
    if not judged:
        return []
    known = [item for item in context if _title(item) not in judged]
    with tempfile.TemporaryDirectory(prefix="gantry-policies-") as directory:
        path = Path(directory) / "objects.yaml"
        items = [*map(_whole, policies), *known, *objects]
        path.write_text("\n---\n".join(map(json.dumps, items)), encoding="utf-8")
        found = _run(gator, path)
    return sorted({one for one in map(_violation, found) if one.object in judged})


def looked_at(policies: Sequence[Object]) -> set[tuple[str, str]]:
    """API groups and kinds that policies judge, expand or look up; `*` stands for any."""
    found: set[tuple[str, str]] = set()
    for item in policies:
        spec = item["spec"]
        if item["apiVersion"].startswith("constraints."):
            for kinds in spec.get("match", {}).get("kinds", [{"apiGroups": ["*"], "kinds": ["*"]}]):
                found |= {(group, kind) for group in kinds["apiGroups"] for kind in kinds["kinds"]}
        found |= {(one["group"], one["kind"]) for one in spec.get("gvks", [])}
        for one in spec.get("applyTo", []):
            found |= {(group, kind) for group in one["groups"] for kind in one["kinds"]}
    return found


def _is_among(item: Object, kinds: set[tuple[str, str]]) -> bool:
    group = item["apiVersion"].rpartition("/")[0]
    return bool({(group, item["kind"]), (group, "*"), ("*", item["kind"]), ("*", "*")} & kinds)


def _run(gator: Path, path: Path) -> list[Object]:
    """gator's results."""
    done = run_tool(gator, "test", "--filename", path, "--output", "json", failure=PolicyError)
    if not done.stdout.strip() and done.returncode:
        raise PolicyError(f"gator refuses the policies: {done.stderr.strip()}")
    found: list[Object] = json.loads(done.stdout or "null") or []
    return found


def _whole(item: Object) -> Object:
    """A constraint as it also holds for the pods that workloads would make: here all objects are known at once."""
    match = item.get("spec", {}).get("match", {})
    if item["apiVersion"].startswith("constraints.") and "source" in match:
        left = {key: value for key, value in match.items() if key != "source"}
        return {**item, "spec": {**item["spec"], "match": left}}
    return item


def _violation(result: Any) -> Violation:
    message = result["msg"].partition("] ")[2] if result["msg"].startswith("[Implied by ") else result["msg"]
    return Violation(
        _title(result["violatingObject"]),
        result["constraint"]["metadata"]["name"],
        message,
        result["enforcementAction"],
    )


def _title(item: Object) -> str:
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item['kind']} {place}{metadata['name']}"
