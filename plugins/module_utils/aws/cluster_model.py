"""A cluster of EKS as it should be, and what changes a live one into it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.aws.transformations import (
    SpecError,
    Step,
    given,
    minor,
    own_tags,
    tag_steps,
)

LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""What the control plane can log, in EKS' order."""
MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""Who says who may in; a cluster goes to the right alone."""
POLICY = "arn:aws:eks::aws:cluster-access-policy/"
OURS = {"gantry.dev/managed-by": "gantry.platform"}
"""The tag of access entries that we may remove again."""


@dataclass(frozen=True)
class Addon:
    """An add-on of EKS. Empty and None: EKS' own choice at first, afterwards as it is."""

    name: str
    version: str = ""
    role: str = ""
    configuration: Mapping[str, Any] | None = None
    resolve_conflicts: str = "none"


@dataclass(frozen=True)
class Access:
    """Who may in: a role or user of IAM, a policy of EKS by its name, and namespaces (all where empty)."""

    principal: str
    policy: str
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterSpec:
    """What a cluster should be. None: as it is, and AWS's default at first."""

    name: str
    role: str
    version: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] | None = None
    public_endpoint: bool = False
    public_networks: tuple[str, ...] | None = None
    services_network: str | None = None
    key: str | None = None
    logs: tuple[str, ...] | None = None
    authentication: str | None = None
    deletion_protection: bool | None = None
    support: str | None = None
    tags: Mapping[str, str] | None = None
    addons: tuple[Addon, ...] | None = None
    access: tuple[Access, ...] | None = None


def check(spec: ClusterSpec) -> None:
    """Refuse what EKS would refuse late. Raises SpecError."""
    if len(set(spec.subnets)) < 2:
        raise SpecError(f"subnets {list(spec.subnets)} are too few: EKS wants subnets of two zones at least")
    if spec.public_networks and not spec.public_endpoint:
        raise SpecError("public_networks says who reaches the public endpoint, but public_endpoint is false: drop one")
    if spec.access and spec.authentication == "config_map":
        raise SpecError("access needs authentication api or api_and_config_map, not config_map")
    for name, values in (("addons", [one.name for one in spec.addons or ()]), ("access", _principals(spec))):
        for value in values:
            if values.count(value) > 1:
                raise SpecError(f"{name} has {value} more than once: keep one of them")


def _principals(spec: ClusterSpec) -> list[str]:
    return [f"{one.principal} with {one.policy}" for one in spec.access or ()]


def create_request(spec: ClusterSpec) -> dict[str, Any]:
    """The request of CreateCluster. Who makes the cluster gets in by it only where `access` names nobody."""
    mode = spec.authentication.upper() if spec.authentication else ("API" if spec.access else None)
    entry = given(authenticationMode=mode, bootstrapClusterCreatorAdminPermissions=False if spec.access else None)
    return given(
        name=spec.name,
        version=minor(spec.version),
        roleArn=spec.role,
        resourcesVpcConfig=given(
            subnetIds=list(spec.subnets),
            securityGroupIds=None if spec.security_groups is None else list(spec.security_groups),
            **_endpoint_request(spec),
        ),
        kubernetesNetworkConfig={"serviceIpv4Cidr": spec.services_network} if spec.services_network else None,
        encryptionConfig=_encryption(spec.key) if spec.key else None,
        logging=None if spec.logs is None else _logging(spec.logs),
        accessConfig=entry or None,
        deletionProtection=spec.deletion_protection,
        upgradePolicy={"supportType": spec.support.upper()} if spec.support else None,
        tags=None if spec.tags is None else dict(spec.tags),
    )


def _endpoint_request(spec: ClusterSpec) -> dict[str, Any]:
    networks = list(spec.public_networks) if spec.public_networks else None
    return given(endpointPublicAccess=spec.public_endpoint, endpointPrivateAccess=True, publicAccessCidrs=networks)


def _encryption(key: str) -> list[dict[str, Any]]:
    return [{"resources": ["secrets"], "provider": {"keyArn": key}}]


def _logging(wanted: tuple[str, ...]) -> dict[str, Any]:
    on, off = [name for name in LOGS if name in wanted], [name for name in LOGS if name not in wanted]
    setups = [{"types": names, "enabled": enabled} for names, enabled in ((on, True), (off, False)) if names]
    return {"clusterLogging": setups}


def refuse_fixed(spec: ClusterSpec, live: Mapping[str, Any]) -> None:
    """Refuse a change of what EKS never changes. Raises SpecError that names all of it."""
    now = shown(live)
    found = [
        f"{name} ({now[name]} → {wanted})"
        for name, wanted in (("role", spec.role), ("services_network", spec.services_network), ("key", spec.key))
        if wanted is not None and now[name] and wanted != now[name]
    ]
    if found:
        raise SpecError(
            f"EKS cannot change {', '.join(found)} of a cluster: make another cluster and move to it; "
            "nothing was changed"
        )
    _refuse_version(minor(spec.version), str(now["version"]))
    mode = spec.authentication.upper() if spec.authentication else ""
    if mode and mode != now["authentication"] and now["authentication"] in MODES:
        was = str(now["authentication"])
        if MODES.index(mode) < MODES.index(was):
            raise SpecError(f"authentication {mode.lower()} is a way back from {was.lower()}, which EKS does not go")


def _refuse_version(wanted: str, live: str) -> None:
    if not live or wanted == live:
        return
    (major, number), (was_major, was) = _numbers(wanted), _numbers(live)
    if (major, number) < (was_major, was):
        raise SpecError(f"version {wanted} is older than the cluster's ({live}); EKS goes no version back: raise it")
    if number > was + 1:
        raise SpecError(
            f"version {wanted} skips a minor version after {live}: set {major}.{was + 1} first, and pools after it"
        )


def _numbers(version: str) -> tuple[int, int]:
    major, _, number = version.partition(".")
    return int(major), int(number)


def steps(spec: ClusterSpec, live: Mapping[str, Any]) -> list[Step]:
    """What changes the live cluster into the wanted one, in order; EKS takes one kind of change at a time."""
    return [*_config_steps(spec, live), *tag_steps(str(live.get("arn", "")), live.get("tags"), spec.tags)] + [
        Step(f"upgrade to version {version}", "update_cluster_version", {"name": spec.name, "version": version})
        for version in [minor(spec.version)]
        if version != live.get("version")
    ]


def _config_steps(spec: ClusterSpec, live: Mapping[str, Any]) -> Iterator[Step]:
    now = shown(live)

    def config(title: str, **part: Any) -> Step:
        return Step(title, "update_cluster_config", {"name": spec.name, **part})

    public = spec.public_networks and sorted(spec.public_networks) != now["public_networks"]
    if spec.public_endpoint != now["public_endpoint"] or public or not now["private_endpoint"]:
        yield config("set the endpoint's access", resourcesVpcConfig=_endpoint_request(spec))
    groups = None if spec.security_groups is None else sorted(spec.security_groups)
    if sorted(spec.subnets) != now["subnets"] or groups not in (None, now["security_groups"]):
        vpc = given(subnetIds=list(spec.subnets), securityGroupIds=None if groups is None else groups)
        yield config("set subnets and security groups", resourcesVpcConfig=vpc)
    if spec.logs is not None and sorted(spec.logs) != now["logs"]:
        yield config("set the logs", logging=_logging(spec.logs))
    if spec.authentication and spec.authentication.upper() != now["authentication"]:
        yield config("set authentication", accessConfig={"authenticationMode": spec.authentication.upper()})
    if spec.support and spec.support != now["support"]:
        yield config("set support", upgradePolicy={"supportType": spec.support.upper()})
    if spec.deletion_protection is not None and spec.deletion_protection != now["deletion_protection"]:
        yield config("set the protection from deletion", deletionProtection=spec.deletion_protection)
    if spec.key and not now["key"]:
        request = {"clusterName": spec.name, "encryptionConfig": _encryption(spec.key)}
        yield Step("encrypt secrets", "associate_encryption_config", request)


def shown(live: Mapping[str, Any]) -> dict[str, Any]:
    """A live cluster in the module's words: all that a user may set, but add-ons and access."""
    vpc, access = live.get("resourcesVpcConfig") or {}, live.get("accessConfig") or {}
    setups = (live.get("logging") or {}).get("clusterLogging") or []
    keys = [(entry.get("provider") or {}).get("keyArn", "") for entry in live.get("encryptionConfig") or []]
    return {
        "name": live.get("name", ""),
        "role": live.get("roleArn", ""),
        "version": live.get("version", ""),
        "subnets": sorted(vpc.get("subnetIds") or []),
        "security_groups": sorted(vpc.get("securityGroupIds") or []),
        "public_endpoint": bool(vpc.get("endpointPublicAccess")),
        "private_endpoint": bool(vpc.get("endpointPrivateAccess")),
        "public_networks": sorted(vpc.get("publicAccessCidrs") or []) if vpc.get("endpointPublicAccess") else [],
        "services_network": (live.get("kubernetesNetworkConfig") or {}).get("serviceIpv4Cidr", ""),
        "key": keys[0] if keys else "",
        "logs": sorted(name for setup in setups if setup.get("enabled") for name in setup.get("types") or []),
        "authentication": access.get("authenticationMode", ""),
        "deletion_protection": bool(live.get("deletionProtection")),
        "support": str((live.get("upgradePolicy") or {}).get("supportType", "")).lower(),
        "tags": own_tags(live.get("tags")),
    }


def expected(spec: ClusterSpec, live: Mapping[str, Any]) -> dict[str, Any]:
    """What `shown` will tell when all is done; of what nobody states, what is live."""
    mode = spec.authentication.upper() if spec.authentication else None
    stated = given(
        name=spec.name,
        role=spec.role,
        version=minor(spec.version),
        subnets=sorted(spec.subnets),
        security_groups=None if spec.security_groups is None else sorted(spec.security_groups),
        public_endpoint=spec.public_endpoint,
        private_endpoint=True,
        public_networks=sorted(spec.public_networks) if spec.public_networks else None,
        services_network=spec.services_network,
        key=spec.key,
        logs=None if spec.logs is None else sorted(spec.logs),
        authentication=mode,
        deletion_protection=spec.deletion_protection,
        support=spec.support,
        tags=None if spec.tags is None else dict(spec.tags),
    )
    merged = {**(shown(live) if live else {}), **stated}
    if not spec.public_endpoint:
        merged["public_networks"] = []
    return merged


# --- add-ons and access


def addon_step(cluster: str, wanted: Addon, live: Mapping[str, Any]) -> Step | None:
    """What makes an add-on the wanted one; `live` is empty where it is not installed."""
    settings = "" if wanted.configuration is None else json.dumps(wanted.configuration, sort_keys=True)
    request = {"clusterName": cluster, "addonName": wanted.name}
    if not live:
        full = {"addonVersion": wanted.version, "serviceAccountRoleArn": wanted.role, "configurationValues": settings}
        more = {key: value for key, value in full.items() if value}
        conflicts = "OVERWRITE" if wanted.resolve_conflicts == "overwrite" else "NONE"
        request = {**request, **more, "resolveConflicts": conflicts}
        return Step(f"install add-on {wanted.name}", "create_addon", request)
    changes = {}
    if wanted.version and wanted.version != live.get("addonVersion"):
        changes["addonVersion"] = wanted.version
    if wanted.role and wanted.role != live.get("serviceAccountRoleArn"):
        changes["serviceAccountRoleArn"] = wanted.role
    if wanted.configuration is not None and wanted.configuration != json.loads(live.get("configurationValues") or "{}"):
        changes["configurationValues"] = settings
    if not changes:
        return None
    words = {"addonVersion": "version", "serviceAccountRoleArn": "role", "configurationValues": "configuration"}
    title = f"set {', '.join(words[key] for key in changes)} of add-on {wanted.name}"
    request = {**request, **changes, "resolveConflicts": wanted.resolve_conflicts.upper()}
    return Step(title, "update_addon", request)


@dataclass(frozen=True)
class Entry:
    """A live access entry: whose, whether it is ours, and policy → namespaces (empty: all)."""

    principal: str
    ours: bool
    policies: Mapping[str, tuple[str, ...]]


def access_steps(cluster: str, wanted: tuple[Access, ...], live: Mapping[str, Entry]) -> Iterator[Step]:
    """What lets in whom it should and nobody else whom we had let in. Entries of others (nodes' roles) stay."""
    principals = list(dict.fromkeys(one.principal for one in wanted))
    for principal in principals:
        base = {"clusterName": cluster, "principalArn": principal}
        entry = live.get(principal)
        if entry is None:
            yield Step(f"add the access entry {principal}", "create_access_entry", {**base, "tags": OURS})
        have = entry.policies if entry else {}
        policies = {POLICY + one.policy: tuple(sorted(one.namespaces)) for one in wanted if one.principal == principal}
        for arn, namespaces in policies.items():
            if arn not in have or tuple(sorted(have[arn])) != namespaces:
                scope = {"type": "namespace", "namespaces": list(namespaces)} if namespaces else {"type": "cluster"}
                request = {**base, "policyArn": arn, "accessScope": scope}
                yield Step(f"grant {arn.removeprefix(POLICY)} to {principal}", "associate_access_policy", request)
        for arn in have:
            if arn not in policies:
                request = {**base, "policyArn": arn}
                yield Step(f"revoke {arn.removeprefix(POLICY)} from {principal}", "disassociate_access_policy", request)
    for principal, entry in live.items():
        if entry.ours and principal not in principals:
            request = {"clusterName": cluster, "principalArn": principal}
            yield Step(f"remove the access entry {principal}", "delete_access_entry", request)
