"""A managed node group as it should be, and what changes a live one into it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import (
    SpecError,
    Step,
    given,
    label_changes,
    minor,
    own_tags,
    tag_steps,
    taint_changes,
    to_aws_taints,
    to_kubernetes_taints,
)

AMI_TYPE = "AL2023_x86_64_STANDARD"
"""What nodes start from where nobody says: EKS' own default for long was Amazon Linux 2, which is no more."""


@dataclass(frozen=True)
class Template:
    """A launch template: its id or name, and the number of a version."""

    id: str = ""
    name: str = ""
    version: str = ""


@dataclass(frozen=True)
class PoolSpec:
    """What a pool should be. None: as it is, and AWS's default at first. `taints` are in Kubernetes' words.

    `count` is what a new pool starts with; afterwards it is the autoscaler's. `update`: {max_unavailable} or
    {max_unavailable_percentage}, and strategy.
    """

    cluster: str
    name: str
    node_role: str
    subnets: tuple[str, ...]
    min: int
    max: int
    count: int
    capacity: str = "on_demand"
    instance_types: tuple[str, ...] | None = None
    ami_type: str | None = None
    disk_size: int | None = None
    labels: Mapping[str, str] | None = None
    taints: tuple[Mapping[str, str], ...] | None = None
    template: Template | None = None
    update: Mapping[str, Any] | None = None
    repair: bool | None = None
    version: str | None = None
    release: str | None = None
    tags: Mapping[str, str] | None = None
    force: bool = False


def check(spec: PoolSpec) -> None:
    """Refuse what EKS would refuse late or take in another sense. Raises SpecError."""
    if not spec.min <= spec.count <= spec.max:
        raise SpecError(f"count {spec.count} is not between min {spec.min} and max {spec.max}: choose one between them")
    if spec.max < 1:
        raise SpecError(f"max {spec.max} is too small: EKS wants at least 1, even where min is 0")
    if spec.template:
        if bool(spec.template.id) == bool(spec.template.name):
            raise SpecError("launch_template needs either id or name: give one of them")
        if spec.template.version.startswith("$"):
            raise SpecError(
                f"launch_template.version '{spec.template.version}' means another version tomorrow: give a number"
            )
        if spec.disk_size is not None:
            raise SpecError(f"disk_size {spec.disk_size} belongs in the launch template where there is one")
    if spec.update and {"max_unavailable", "max_unavailable_percentage"} <= set(spec.update):
        raise SpecError("update has max_unavailable and max_unavailable_percentage: keep one of them")
    if spec.taints is not None:
        names = [(taint["key"], taint["effect"]) for taint in spec.taints]
        for key, effect in names:
            if names.count((key, effect)) > 1:
                raise SpecError(f"taints has {key}:{effect} more than once: keep one of them")


def create_request(spec: PoolSpec) -> dict[str, Any]:
    """The request of CreateNodegroup."""
    return given(
        clusterName=spec.cluster,
        nodegroupName=spec.name,
        nodeRole=spec.node_role,
        subnets=list(spec.subnets),
        scalingConfig={"minSize": spec.min, "maxSize": spec.max, "desiredSize": spec.count},
        capacityType=spec.capacity.upper(),
        instanceTypes=None if spec.instance_types is None else list(spec.instance_types),
        amiType=_first_ami_type(spec),
        diskSize=spec.disk_size,
        labels=None if spec.labels is None else dict(spec.labels),
        taints=None if spec.taints is None else to_aws_taints(spec.taints),
        launchTemplate=_template_request(spec.template) if spec.template else None,
        updateConfig=_update_request(spec.update) if spec.update else None,
        nodeRepairConfig=None if spec.repair is None else {"enabled": spec.repair},
        version=minor(spec.version) if spec.version else None,
        releaseVersion=spec.release,
        tags=None if spec.tags is None else dict(spec.tags),
    )


def _first_ami_type(spec: PoolSpec) -> str | None:
    """What a new pool starts from; a launch template may bring an image of its own."""
    return spec.ami_type or (None if spec.template else AMI_TYPE)


def _template_request(template: Template) -> dict[str, str]:
    return {
        key: value
        for key, value in (("id", template.id), ("name", template.name), ("version", template.version))
        if value
    }


def _update_request(update: Mapping[str, Any]) -> dict[str, Any]:
    strategy = update.get("strategy")
    return given(
        maxUnavailable=update.get("max_unavailable"),
        maxUnavailablePercentage=update.get("max_unavailable_percentage"),
        updateStrategy=strategy.upper() if strategy else None,
    )


def refuse_fixed(spec: PoolSpec, live: Mapping[str, Any]) -> None:
    """Refuse a change of what EKS never changes in a pool. Raises SpecError that names all of it."""
    found = [f"{name} ({was} → {wanted})" for name, was, wanted in _fixed(spec, live)]
    if found:
        raise SpecError(
            f"EKS cannot change {', '.join(found)} of a pool: make a pool of another name beside it, "
            f"then remove this one; nothing was changed"
        )


def _fixed(spec: PoolSpec, live: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    if spec.node_role != live.get("nodeRole"):
        yield "node_role", live.get("nodeRole"), spec.node_role
    if sorted(spec.subnets) != sorted(live.get("subnets") or []):
        yield "subnets", sorted(live.get("subnets") or []), sorted(spec.subnets)
    if spec.capacity.upper() != live.get("capacityType"):
        yield "capacity", str(live.get("capacityType")).lower(), spec.capacity
    types = live.get("instanceTypes") or []
    if spec.instance_types is not None and sorted(spec.instance_types) != sorted(types):
        yield "instance_types", types, list(spec.instance_types)
    for name, wanted, was in (("ami_type", spec.ami_type, "amiType"), ("disk_size", spec.disk_size, "diskSize")):
        if wanted is not None and wanted != live.get(was):
            yield name, live.get(was), wanted
    have = live.get("launchTemplate") or {}
    if spec.template is None:
        if have:
            yield "launch_template", have.get("name") or have.get("id"), "none"
    elif spec.template.id and spec.template.id != have.get("id"):
        yield "launch_template.id", have.get("id"), spec.template.id
    elif spec.template.name and spec.template.name != have.get("name"):
        yield "launch_template.name", have.get("name"), spec.template.name


def steps(spec: PoolSpec, live: Mapping[str, Any]) -> list[Step]:
    """What changes the live pool into the wanted one, in order: settings at once, tags, and last what rolls nodes."""
    names = {"clusterName": spec.cluster, "nodegroupName": spec.name}
    found: list[Step] = []
    if config := _config(spec, live):
        title = f"set {', '.join(_WORDS[key] for key in config)}"
        found.append(Step(title, "update_nodegroup_config", {**names, **config}))
    found += tag_steps(str(live.get("nodegroupArn", "")), live.get("tags"), spec.tags)
    if rolling := _rolling(spec, live):
        title = f"roll the nodes to {', '.join(f'{_WORDS[key]} {_said(value)}' for key, value in rolling.items())}"
        request = {**names, **rolling, **({"force": True} if spec.force else {})}
        found.append(Step(title, "update_nodegroup_version", request))
    return found


_WORDS = {
    "labels": "labels",
    "taints": "taints",
    "scalingConfig": "bounds",
    "updateConfig": "update settings",
    "nodeRepairConfig": "repair",
    "version": "version",
    "releaseVersion": "release",
    "launchTemplate": "launch template",
}


def _said(value: Any) -> str:
    return f"version {value['version']}" if isinstance(value, dict) else str(value)


def desired(spec: PoolSpec, live: Mapping[str, Any]) -> int:
    """How many nodes there should be: as many as the autoscaler has, moved only as far as the bounds ask."""
    now = (live.get("scalingConfig") or {}).get("desiredSize", spec.count)
    return max(spec.min, min(int(now), spec.max))


def _config(spec: PoolSpec, live: Mapping[str, Any]) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if spec.labels is not None and (changes := label_changes(live.get("labels") or {}, spec.labels)):
        config["labels"] = changes
    if spec.taints is not None and (changes := taint_changes(live.get("taints") or [], to_aws_taints(spec.taints))):
        config["taints"] = changes
    scaling = live.get("scalingConfig") or {}
    if (scaling.get("minSize"), scaling.get("maxSize")) != (spec.min, spec.max):
        config["scalingConfig"] = {"minSize": spec.min, "maxSize": spec.max}
        if desired(spec, live) != scaling.get("desiredSize"):
            config["scalingConfig"]["desiredSize"] = desired(spec, live)
    if spec.update:
        wanted, have = _update_request(spec.update), live.get("updateConfig") or {}
        if any(have.get(key) != value for key, value in wanted.items()):
            config["updateConfig"] = wanted
    if spec.repair is not None and bool((live.get("nodeRepairConfig") or {}).get("enabled")) != spec.repair:
        config["nodeRepairConfig"] = {"enabled": spec.repair}
    return config


def _rolling(spec: PoolSpec, live: Mapping[str, Any]) -> dict[str, Any]:
    rolling: dict[str, Any] = {}
    if spec.version and minor(spec.version) != live.get("version"):
        _refuse_back(minor(spec.version), str(live.get("version")))
        rolling["version"] = minor(spec.version)
    if spec.release and spec.release != live.get("releaseVersion"):
        rolling["releaseVersion"] = spec.release
    have = live.get("launchTemplate") or {}
    if spec.template and spec.template.version and spec.template.version != have.get("version"):
        rolling["launchTemplate"] = _template_request(spec.template)
    return rolling


def _refuse_back(wanted: str, live: str) -> None:
    if live and [int(part) for part in wanted.split(".")] < [int(part) for part in live.split(".") if part.isdigit()]:
        raise SpecError(f"version {wanted} is older than the pool's ({live}), and EKS goes no version back: raise it")


def shown(live: Mapping[str, Any]) -> dict[str, Any]:
    """A live pool in the module's words: all that a user may set."""
    scaling, update = live.get("scalingConfig") or {}, live.get("updateConfig") or {}
    template = live.get("launchTemplate") or {}
    return {
        "cluster": live.get("clusterName", ""),
        "name": live.get("nodegroupName", ""),
        "node_role": live.get("nodeRole", ""),
        "subnets": sorted(live.get("subnets") or []),
        "min": scaling.get("minSize"),
        "max": scaling.get("maxSize"),
        "count": scaling.get("desiredSize"),
        "capacity": str(live.get("capacityType") or "on_demand").lower(),
        "instance_types": list(live.get("instanceTypes") or []),
        "ami_type": live.get("amiType"),
        "disk_size": live.get("diskSize"),
        "labels": dict(live.get("labels") or {}),
        "taints": to_kubernetes_taints(live.get("taints") or []),
        "launch_template": {key: template[key] for key in ("id", "name", "version") if template.get(key)},
        "update": given(
            max_unavailable=update.get("maxUnavailable"),
            max_unavailable_percentage=update.get("maxUnavailablePercentage"),
            strategy=update["updateStrategy"].lower() if update.get("updateStrategy") else None,
        ),
        "repair": bool((live.get("nodeRepairConfig") or {}).get("enabled")),
        "version": live.get("version"),
        "release": live.get("releaseVersion"),
        "tags": own_tags(live.get("tags")),
    }


def expected(spec: PoolSpec, live: Mapping[str, Any]) -> dict[str, Any]:
    """What `shown` will tell when all is done; of what nobody states, what is live."""
    stated = given(
        cluster=spec.cluster,
        name=spec.name,
        node_role=spec.node_role,
        subnets=sorted(spec.subnets),
        min=spec.min,
        max=spec.max,
        count=desired(spec, live),
        capacity=spec.capacity,
        instance_types=None if spec.instance_types is None else list(spec.instance_types),
        ami_type=spec.ami_type if live else _first_ami_type(spec),
        disk_size=spec.disk_size,
        labels=None if spec.labels is None else dict(spec.labels),
        taints=None if spec.taints is None else to_kubernetes_taints(to_aws_taints(spec.taints)),
        launch_template=_template_request(spec.template) if spec.template else None,
        update=dict(spec.update) if spec.update else None,
        repair=spec.repair,
        version=minor(spec.version) if spec.version else None,
        release=spec.release,
        tags=None if spec.tags is None else dict(spec.tags),
    )
    base = shown(live) if live else {}
    for name in ("launch_template", "update"):
        if name in stated and base.get(name):
            stated[name] = _merged(base[name], stated[name])
    if stated.get("instance_types") and sorted(stated["instance_types"]) == sorted(base.get("instance_types", [])):
        stated["instance_types"] = base["instance_types"]
    return {**base, **stated}


def _merged(live: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What is stated over what is live; a number of nodes and a percentage exclude each other."""
    sizes = {"max_unavailable", "max_unavailable_percentage"}
    kept = {key: value for key, value in live.items() if key not in sizes or not sizes & set(stated)}
    return {**kept, **stated}
