"""From the inventory to the variables of Terraform's roots (`terraform/environments/*`, `terraform/bootstrap`).

Pure: what is returned is written as `*.tfvars.json` (or `*.tfbackend.json`), never by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.bundle.references import Reference
from ansible_collections.gantry.platform.plugins.module_utils.contract.aws import Aws
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure.node_groups import NodeGroup, node_groups

PROJECT = "gantry"


def variables(contract: Contract, images: Iterable[str] = ()) -> dict[str, Any]:
    """Every variable of an environment's root, by its name.

    `images`: references of the bundle's images, whose repositories ECR gets where the bundle is the source of images.
    Raises ValueError where the inventory is not one of AWS.
    """
    aws = _aws(contract)
    kept = sorted({Reference.parse(image).repository for image in images})
    return {
        "environment": contract.platform_environment,
        "account": aws.account,
        "region": aws.region,
        "zones": [f"{aws.region}{letter}" for letter in aws.zones],
        "domain": contract.platform_domain,
        "hosted_zone": aws.hosted_zone,
        "networks": {name: str(getattr(contract.platform_networks, name)) for name in ("machines", "pods", "services")},
        "nat_per_zone": aws.nat_gateways == "zone",
        "kubernetes_version": contract.platform_kubernetes_version.rpartition(".")[0],
        "administrators": list(aws.administrators),
        "viewers": list(aws.viewers),
        "client_networks": list(aws.client_networks),
        "node_groups": {
            group.name: _node_group(group) for group in node_groups(contract.platform_node_pools, aws.region, aws.zones)
        },
        "gateway_port": contract.platform_gateway_ports.https,
        "repositories": kept if contract.platform_image_source == "bundle" else [],
        "cdn_enabled": contract.shop_enabled,
        "cdn_price_class": aws.cdn_price_class,
        "log_days": aws.log_days,
        "deletion_protection": aws.deletion_protection,
        "monthly_budget": aws.monthly_budget,
        "alert_mails": list(aws.alert_mails),
    }


def bootstrap(contract: Contract) -> dict[str, Any]:
    """Every variable of the root that makes the bucket of the environment's state. Raises ValueError as `variables`."""
    aws = _aws(contract)
    return {
        "environment": contract.platform_environment,
        "account": aws.account,
        "region": aws.region,
        "bucket": state_bucket(contract),
        "deletion_protection": aws.deletion_protection,
    }


def backend(contract: Contract) -> dict[str, Any]:
    """What `-backend-config` gives the S3 backend of the environment's root. Raises ValueError as `variables`."""
    return {
        "bucket": state_bucket(contract),
        "key": f"{contract.platform_environment}/platform.tfstate",
        "region": _aws(contract).region,
        "use_lockfile": True,
    }


def state_bucket(contract: Contract) -> str:
    """The name of the bucket: one for all the world, so the account's number is in it."""
    return f"{PROJECT}-{contract.platform_environment}-{_aws(contract).account}-state"


def _aws(contract: Contract) -> Aws:
    if contract.platform_driver != "aws" or contract.platform_aws is None:
        raise ValueError(
            f"platform_driver is '{contract.platform_driver}': only an inventory with platform_driver 'aws' and "
            "platform_aws has variables of Terraform for AWS"
        )
    return contract.platform_aws


def _node_group(group: NodeGroup) -> dict[str, Any]:
    return {
        "capacity": group.capacity,
        "ami_type": group.ami_type,
        "count": group.count,
        "min": group.min,
        "max": group.max,
        "instance_types": list(group.instance_types),
        "zones": list(group.zones),
        "labels": group.labels,
        "taints": [{"key": key, "value": value, "effect": effect} for key, value, effect in group.taints],
    }
