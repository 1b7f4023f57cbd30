"""An inventory of AWS for tests, and a pool of it."""

from __future__ import annotations

from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract, NodePool

AWS: dict[str, Any] = {
    "account": "123456789012",
    "region": "eu-central-1",
    "zones": ["a", "b", "c"],
    "hosted_zone": "Z0123456789ABCDEFGHIJ",
    "administrators": ["arn:aws:iam::123456789012:role/platform"],
    "viewers": ["arn:aws:iam::123456789012:role/on-call"],
    "client_networks": ["10.8.0.0/24"],
    "nat_gateways": "one",
    "log_days": 30,
    "deletion_protection": False,
    "cdn_price_class": "PriceClass_100",
    "monthly_budget": 400,
    "alert_mails": ["platform@example.com"],
}


def inventory(**more: Any) -> dict[str, Any]:
    """The contract's variables of an environment on AWS."""
    return {
        "platform_environment": "dev",
        "platform_driver": "aws",
        "platform_provisioner": "terraform",
        "platform_domain": "dev.example.com",
        "platform_networks": {"machines": "10.20.0.0/16", "pods": "100.64.0.0/16", "services": "10.92.0.0/20"},
        "platform_registry_address": "123456789012.dkr.ecr.eu-central-1.amazonaws.com:443",
        "platform_image_source": "bundle",
        "platform_kubernetes_version": "1.37.2",
        "platform_node_pools": [
            {"name": "general", "role": "worker", "count": 2, "min": 1, "max": 4, "instance_types": ["m7i.large"]},
            {
                "name": "spot",
                "role": "worker",
                "capacity": "spot",
                "count": 2,
                "min": 1,
                "max": 6,
                "on_demand_floor": 1,
                "zones": ["a", "b"],
                "instance_types": ["m7i.large", "m6i.large", "m7a.large"],
                "taints": [{"key": "gantry.dev/capacity", "value": "spot", "effect": "PreferNoSchedule"}],
            },
        ],
        "platform_gateway_ports": {"http": 30080, "https": 30443},
        "shop_enabled": True,
        "platform_aws": AWS,
        **more,
    }


def contract(**more: Any) -> Contract:
    """The same, typed."""
    return Contract.model_validate(inventory(**more))


def pool(**more: Any) -> NodePool:
    """A pool of one worker."""
    return NodePool.model_validate(
        {"name": "work", "role": "worker", "count": 1, "instance_types": ["m7i.large"], **more}
    )
