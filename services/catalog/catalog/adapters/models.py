"""What the API takes and gives."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, RootModel

from catalog.application import Page
from catalog.domain import Money, Product


class MoneyOut(BaseModel):
    """An amount in minor units (cents)."""

    amount: int = Field(ge=0, examples=[1290])
    currency: str = Field(examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> MoneyOut:
        return cls(amount=money.amount, currency=money.currency)


class MoneyIn(BaseModel):
    """An amount in minor units (cents), in the product's currency."""

    model_config = ConfigDict(extra="forbid", strict=True)

    amount: int = Field(ge=0, le=10**12, examples=[1290])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["EUR"])


class ProductOut(BaseModel):
    sku: str = Field(examples=["enamel-mug"])
    name: str
    description: str
    price: MoneyOut
    tags: list[str]

    @classmethod
    def of(cls, product: Product) -> ProductOut:
        return cls(
            sku=product.sku,
            name=product.name,
            description=product.description,
            price=MoneyOut.of(product.price),
            tags=sorted(product.tags),
        )


class DescriptionIn(BaseModel):
    """What is told of a product; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, min_length=1, max_length=200)
    description: str | None = Field(None, max_length=2000)
    tags: set[str] | None = Field(None, max_length=20)


class PageOut(BaseModel):
    """`products` starts at `offset` of `total`."""

    products: list[ProductOut]
    total: int
    offset: int

    @classmethod
    def of(cls, page: Page) -> PageOut:
        return cls(products=[ProductOut.of(p) for p in page.products], total=page.total, offset=page.offset)


class PricesOut(RootModel[dict[str, MoneyOut]]):
    """The price of each SKU."""
