"""The inventory contract, typed in one place. Every field carries its meaning and an example.

docs/inventory.md is made from them. Values are taken strictly: a number or a boolean in quotes is a mistake.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ansible_collections.gantry.platform.plugins.module_utils.contract.aws import Aws, Model
from pydantic import AfterValidator, BeforeValidator, Field

Driver = Literal["machines", "servers", "aws", "existing"]
GIB = 1024**3

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "": 1}


def quantity(text: str) -> int:
    """Bytes of a Kubernetes quantity (`4Gi`, `512Mi`). Raises ValueError."""
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|)", text)
    if not parts:
        raise ValueError("is not a quantity of memory")
    return int(float(parts[1]) * _UNITS[parts[2]])


def _memory(text: str) -> str:
    quantity(text)
    return text


def _network(text: Any) -> ipaddress.IPv4Network:
    """An IPv4 network without host bits, in a private range."""
    if not isinstance(text, str):
        raise ValueError("is not a network in CIDR form")
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        try:
            hint = f", or did you mean {ipaddress.IPv4Network(text, strict=False)}" if "/" in text else ""
        except ValueError:
            hint = ""
        raise ValueError(f"is not an IPv4 network in CIDR form ({error}){hint}") from None
    if not (network.is_private or network.subnet_of(ipaddress.IPv4Network("100.64.0.0/10"))):
        raise ValueError("is not a private network: it would hide public addresses from the platform")
    return network


@dataclass(frozen=True)
class Address:
    """An IPv4 address or a name, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _address(text: Any) -> Address:
    parts = re.fullmatch(r"([a-z0-9][a-z0-9.-]*):(\d{1,5})", text) if isinstance(text, str) else None
    if not parts:
        raise ValueError("is not an address of the form host:port")
    if not 0 < int(parts[2]) < 65536:
        raise ValueError("has a port outside 1 to 65535")
    return Address(parts[1], int(parts[2]))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is not a number")
    return float(value)


_LABEL = r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"


def _labels(labels: dict[str, str]) -> dict[str, str]:
    for key, value in labels.items():
        if not re.fullmatch(_LABEL, key):
            raise ValueError(f"has a key that Kubernetes does not take as a label: '{key}'")
        if not re.fullmatch(r"|[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?", value):
            raise ValueError(f"has a value that Kubernetes does not take as a label's: '{key}: {value}'")
        if re.search(r"(^|\.)(kubernetes|k8s)\.io/", key):
            raise ValueError(f"has a key that belongs to Kubernetes: '{key}'")
    return labels


Network = Annotated[ipaddress.IPv4Network, BeforeValidator(_network)]
Number = Annotated[float, BeforeValidator(_number)]
Port = Annotated[int, Field(ge=30000, le=32767)]


class Networks(Model):
    """Three private IPv4 networks, disjoint from each other and from those of the host."""

    machines: Network = Field(description="where the nodes' addresses come from", examples=["10.90.0.0/24"])
    pods: Network = Field(description="pods; every node takes a /24 of it", examples=["10.91.0.0/16"])
    services: Network = Field(description="virtual addresses of services", examples=["10.92.0.0/20"])


class GatewayPorts(Model):
    """Node ports of the gateway on the control plane."""

    http: Port = Field(description="redirects to HTTPS", examples=[30080])
    https: Port = Field(description="the one address of the platform", examples=[30443])


class Size(Model):
    """What a node offers to Kubernetes."""

    cpu: Annotated[Number, Field(gt=0, le=1024)] = Field(description="cores", examples=[2])
    memory: Annotated[str, AfterValidator(_memory)] = Field(description="a Kubernetes quantity", examples=["4Gi"])

    @property
    def memory_bytes(self) -> int:
        """Bytes."""
        return quantity(self.memory)


class Taint(Model):
    """A taint that the pool's nodes carry."""

    key: Annotated[str, Field(pattern=f"^{_LABEL}$")] = Field(description="as in Kubernetes", examples=["dedicated"])
    value: str = Field(default="", description="as in Kubernetes", examples=["batch"])
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] = Field(
        description="as in Kubernetes", examples=["NoSchedule"]
    )


class NodePool(Model):
    """Nodes of one kind. Machines are named `<environment>-<pool>-<index>`."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,18}[a-z0-9]$")] = Field(
        description="unique; lower case letters, digits and dashes, 2 to 20", examples=["general"]
    )
    role: Literal["control_plane", "worker"] = Field(
        description="what its nodes are; a control plane takes work too unless it is tainted", examples=["worker"]
    )
    capacity: Literal["on_demand", "spot"] = Field(
        default="on_demand", description="spot nodes may vanish at any time", examples=["on_demand"]
    )
    count: Annotated[int, Field(ge=0, le=1000)] = Field(description="nodes now", examples=[1])
    min: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="the autoscaler's lower bound; `count` where absent", examples=[1]
    )
    max: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        default=None, description="the autoscaler's upper bound; `count` where absent", examples=[3]
    )
    size: Size | None = Field(
        default=None, description="needed for driver machines: what a node offers", examples=["{cpu: 2, memory: 4Gi}"]
    )
    instance_types: list[str] = Field(
        default=[], description="needed for driver aws: instance types, several for spot", examples=["[m7i.large]"]
    )
    zones: list[Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]] = Field(
        default=[],
        description="zones to spread over, in turn; of a cloud empty for all, of machines for none",
        examples=["[a, b]"],
    )
    labels: Annotated[dict[str, str], AfterValidator(_labels)] = Field(
        default={}, description="labels of the nodes, beyond those of pool and capacity", examples=["{team: shop}"]
    )
    taints: list[Taint] = Field(
        default=[], description="taints of the nodes", examples=["[{key: dedicated, effect: NoSchedule}]"]
    )
    on_demand_floor: Annotated[int, Field(ge=0)] = Field(
        default=0, description="nodes of a spot pool that are on demand nevertheless", examples=[1]
    )
    price: Annotated[Number, Field(ge=0)] | None = Field(
        default=None, description="of a node and hour, in USD; for cost reports", examples=[0.096]
    )

    @property
    def least(self) -> int:
        """Fewest nodes."""
        return self.count if self.min is None else self.min

    @property
    def most(self) -> int:
        """Most nodes."""
        return self.count if self.max is None else self.max


class Window(Model):
    """Hours in which planned work may disturb the platform. All times are UTC."""

    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)] = Field(
        description="days on which it begins", examples=["[tue, thu]"]
    )
    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = Field(
        description="when it begins, in quotes", examples=["'02:00'"]
    )
    hours: Annotated[int, Field(ge=1, le=24)] = Field(description="how long it is open", examples=[3])


class Contract(Model):
    """All that an inventory says, except the variables of single roles."""

    platform_environment: Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,9}[a-z0-9])?$")] = Field(
        description=(
            "the environment's name; everything made on a host is named after it: "
            "a lower case letter, then up to ten letters, digits or dashes, no trailing dash"
        ),
        examples=["local"],
    )
    platform_driver: Driver = Field(
        description=(
            "where the platform runs: `machines` of systemd-nspawn on this host, `servers` that exist already, "
            "`aws`, or an `existing` cluster"
        ),
        examples=["machines"],
    )
    platform_provisioner: Literal["native", "terraform"] = Field(
        description="how infrastructure is made: by modules of Ansible, or by Terraform (drivers `machines` and `aws`)",
        examples=["native"],
    )
    platform_domain: Annotated[
        str,
        Field(max_length=200, pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$"),
    ] = Field(
        description="DNS domain of the platform, at least two labels in lower case", examples=["local.gantry.internal"]
    )
    platform_networks: Networks = Field(
        description="private IPv4 networks, disjoint from each other and from those of the host",
        examples=["{machines: 10.90.0.0/24, pods: 10.91.0.0/16, services: 10.92.0.0/20}"],
    )
    platform_registry_address: Annotated[Address, BeforeValidator(_address)] = Field(
        description=(
            "where the bundle's registry answers; with driver `machines` at the first address of the machines' "
            "network, which is the host's own on their bridge"
        ),
        examples=["10.90.0.1:5000"],
    )
    platform_image_source: Literal["bundle", "upstream"] = Field(
        description="whose images run: built by the `bundle` and pinned by digest, or the public ones of `upstream`",
        examples=["bundle"],
    )
    platform_kubernetes_version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] = Field(
        description="a version that the bundle provides; an upgrade goes one minor version at a time",
        examples=["1.37.2"],
    )
    platform_node_pools: list[NodePool] = Field(
        description="node pools, each as below; exactly one kind of node per pool", examples=["a list, see below"]
    )
    platform_gateway_ports: GatewayPorts = Field(
        description="node ports of the gateway, 30000 to 32767", examples=["{http: 30080, https: 30443}"]
    )
    platform_gateway_address: (
        Annotated[
            str,
            Field(
                max_length=260,
                pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*(:[1-9][0-9]{0,4})?$",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description=(
            "drivers `aws` and `existing`: host, or host:port, at which the gateway is reached by HTTPS: of a load "
            "balancer, of OpenShift's router, of a node; `platform_domain` if left out. Others know it themselves"
        ),
        examples=["gateway.example.com"],
    )
    platform_maintenance_windows: list[Window] = Field(
        default=[],
        description=(
            "when planned work (an upgrade, a renewal of certificates) may disturb the platform; at any time where "
            "empty. `-e outside_window=<environment>` passes over it"
        ),
        examples=["a list, see below"],
    )
    shop_enabled: bool = Field(
        default=False,
        description=(
            "whether the whole shop runs: its stores (role `data`), its services and the cache at its edge; "
            "without it there is the catalog alone"
        ),
        examples=["false"],
    )

    platform_aws: Aws | None = Field(
        default=None,
        description="needed for driver aws: the account, and what only AWS has",
        examples=["a map, see below"],
    )

    @property
    def nodes(self) -> int:
        """How many nodes there may be at most."""
        return sum(pool.most for pool in self.platform_node_pools)
