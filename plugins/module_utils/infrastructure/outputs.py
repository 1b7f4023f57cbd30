"""What later stages read of Terraform's outputs on AWS, typed; nothing else of its state is anybody's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError


class Outputs(BaseModel):
    """The output `platform` of an environment's root."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cluster_name: str
    cluster_endpoint: str
    cluster_certificate_authority: str
    """PEM, in base64, as a kubeconfig wants it."""
    cluster_oidc_issuer: str
    cluster_oidc_provider: str
    node_role: str
    """ARN of the role that nodes have."""
    node_groups: dict[str, str]
    """Name of a node group → its ARN."""
    vpc: str
    private_subnets: dict[str, str]
    """Availability zone → id."""
    gateway_address: str
    """DNS name of the load balancer before the gateway's node port."""
    registry_repositories: dict[str, str]
    """Repository as upstream names it → its address in ECR."""
    cdn_address: str | None
    cdn_distribution: str | None
    cdn_bucket: str | None
    """Where the shop's page is uploaded to."""
    cdn_invalidations: dict[str, list[str]]
    """Surrogate key (`{sku}` stands for a product's) → paths of CloudFront that an event of it invalidates."""


def read(outputs: Mapping[str, Any]) -> Outputs:
    """From the root's outputs by name, as the module `terraform` returns them. Raises ValueError that names them."""
    try:
        return Outputs.model_validate(outputs.get("platform", {}))
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ValueError(
            f"Terraform's outputs are not those of terraform/environments ({said}); apply this release's root first"
        ) from None
