"""What pools and clusters of EKS share on the way from arguments to requests. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

EFFECTS = {
    "NoSchedule": "NO_SCHEDULE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
}
"""A taint's effect, in Kubernetes' words and in EKS'."""
_KUBERNETES = {ours: theirs for theirs, ours in EFFECTS.items()}
RESERVED = ("aws:", "eks:")
"""Tags that begin so are AWS's own; nobody sets or removes them."""


class SpecError(ValueError):
    """The arguments cannot be met; the message names the argument, its value and the remedy."""


@dataclass(frozen=True)
class Step:
    """One change: what it is in words, the client's method that makes it, and its request."""

    title: str
    method: str
    request: dict[str, Any] = field(default_factory=dict)


def minor(version: str) -> str:
    """`1.34` of `1.34.2`: EKS knows no patch versions."""
    return ".".join(version.split(".")[:2])


def to_aws_taints(taints: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Taints in EKS' words."""
    return [
        {"key": taint["key"], "value": taint.get("value") or "", "effect": EFFECTS[taint["effect"]]} for taint in taints
    ]


def to_kubernetes_taints(taints: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Taints in Kubernetes' words, in order of key and effect."""
    found = [
        {"key": taint["key"], "value": taint.get("value") or "", "effect": _KUBERNETES[taint["effect"]]}
        for taint in taints
    ]
    return sorted(found, key=lambda taint: (taint["key"], taint["effect"]))


def label_changes(live: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, Any]:
    """EKS' payload that makes live labels the wanted ones; empty where they are."""
    put = {key: value for key, value in wanted.items() if live.get(key) != value}
    gone = sorted(set(live) - set(wanted))
    return {**({"addOrUpdateLabels": put} if put else {}), **({"removeLabels": gone} if gone else {})}


def taint_changes(live: Iterable[Mapping[str, str]], wanted: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """EKS' payload for taints (in its words). One is known by key and effect, so a new value updates it in place."""
    have = {(taint["key"], taint["effect"]): taint for taint in live}
    want = {(taint["key"], taint["effect"]): dict(taint) for taint in wanted}
    put = [
        taint
        for name, taint in want.items()
        if name not in have or (have[name].get("value") or "") != (taint.get("value") or "")
    ]
    gone = [dict(taint) for name, taint in have.items() if name not in want]
    return {**({"addOrUpdateTaints": put} if put else {}), **({"removeTaints": gone} if gone else {})}


def own_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Tags without those of AWS itself."""
    return {key: value for key, value in (tags or {}).items() if not key.startswith(RESERVED)}


def tag_steps(arn: str, live: Mapping[str, str] | None, wanted: Mapping[str, str] | None) -> list[Step]:
    """Steps that make the tags the wanted ones; None leaves them alone."""
    if wanted is None:
        return []
    have = own_tags(live)
    put = {key: value for key, value in wanted.items() if have.get(key) != value}
    gone = sorted(set(have) - set(wanted))
    steps = []
    if put:
        steps.append(Step(f"set tags {', '.join(sorted(put))}", "tag_resource", {"resourceArn": arn, "tags": put}))
    if gone:
        steps.append(Step(f"remove tags {', '.join(gone)}", "untag_resource", {"resourceArn": arn, "tagKeys": gone}))
    return steps


def given(**fields: Any) -> dict[str, Any]:
    """Those fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def texts(values: Mapping[str, Any] | None) -> dict[str, str] | None:
    """Labels and tags are text, whatever YAML made of them."""
    if values is None:
        return None
    return {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in values.items()}
