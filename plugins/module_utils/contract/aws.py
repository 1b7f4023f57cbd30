"""What an inventory says of AWS alone: account, region, who may in, what it may cost."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

LogDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827]
"""Days for which CloudWatch can keep logs (its API has no others; longer ones left out)."""


class Model(BaseModel):
    """A part of the contract: no unknown key, nothing changed later, no value converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is not a number")
    return float(value)


def _different(values: list[str]) -> list[str]:
    if len(set(values)) != len(values):
        raise ValueError("has an entry twice")
    return values


Arn = Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]+$")]
Mail = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Cidr = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")]


class Aws(Model):
    """An account and a region of AWS, and what only AWS has; needed with driver aws."""

    account: Annotated[str, Field(pattern=r"^\d{12}$")] = Field(
        description="the account's number, in quotes; nothing is done in any other", examples=['"123456789012"']
    )
    region: Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z]+-\d$")] = Field(
        description="where everything stands but what the CDN needs in us-east-1", examples=["eu-central-1"]
    )
    zones: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-f]$")]], Field(min_length=3, max_length=3), AfterValidator(_different)
    ] = Field(
        description="three zones of the region by their letters, which the pools' zones name", examples=["[a, b, c]"]
    )
    hosted_zone: Annotated[str, Field(pattern=r"^Z[A-Z0-9]{5,31}$")] = Field(
        description="Route 53's id of the public zone in which platform_domain lies", examples=["Z0123456789ABCDEFGHIJ"]
    )
    administrators: Annotated[list[Arn], Field(min_length=1), AfterValidator(_different)] = Field(
        description="IAM roles that administer the cluster", examples=["[arn:aws:iam::123456789012:role/platform]"]
    )
    viewers: Annotated[list[Arn], AfterValidator(_different)] = Field(
        default=[],
        description="IAM roles that may look, but not at secrets",
        examples=["[arn:aws:iam::123456789012:role/on-call]"],
    )
    client_networks: Annotated[list[Cidr], AfterValidator(_different)] = Field(
        default=[],
        description="networks (of a VPN, say) from which the cluster's private API may be reached beside its own",
        examples=["[10.8.0.0/24]"],
    )
    nat_gateways: Literal["one", "zone"] = Field(
        description="`one` for all zones, cheap, or one a `zone`, which outlives the loss of any", examples=["zone"]
    )
    log_days: LogDays = Field(description="days for which CloudWatch keeps logs", examples=[90])
    deletion_protection: bool = Field(
        description=(
            "whether cluster and load balancer refuse to be deleted, and buckets and registry while they hold something"
        ),
        examples=[True],
    )
    cdn_price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = Field(
        description="from which of CloudFront's places it serves", examples=["PriceClass_100"]
    )
    monthly_budget: Annotated[float, BeforeValidator(_amount), Field(gt=0)] = Field(
        description="USD a month; mails go out where 80 % is foreseen to be passed, and at 100 %", examples=[400]
    )
    alert_mails: Annotated[list[Mail], Field(min_length=1, max_length=10), AfterValidator(_different)] = Field(
        description="who hears of the budget and of unusual costs", examples=["[platform@example.com]"]
    )
