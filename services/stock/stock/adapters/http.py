"""The stock over HTTP: levels, and goods that come in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Path, Query
from pydantic import BaseModel, Field
from shopkit.web import Problem, problems

from stock.application.stock import ContendedError, Stock, UnknownSkuError
from stock.domain.levels import Level

Sku = Annotated[str, Path(max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", examples=["enamel-mug"])]


class LevelOut(BaseModel):
    """Pieces by state."""

    sku: str = Field(examples=["enamel-mug"])
    available: int = Field(ge=0)
    reserved: int = Field(ge=0)
    sold: int = Field(ge=0)

    @classmethod
    def of(cls, level: Level) -> LevelOut:
        return cls(sku=level.sku, available=level.available, reserved=level.reserved, sold=level.sold)


class ReceiptIn(BaseModel):
    """Goods that came in."""

    quantity: int = Field(ge=1, le=1_000_000)


def add_routes(app: FastAPI, stock: Stock) -> None:
    """Serve the use cases."""
    router = APIRouter(tags=["stock"])

    @router.get("/stock")
    async def get_levels(sku: Annotated[list[str], Query(min_length=1, max_length=100)]) -> dict[str, LevelOut]:
        """The levels of those SKUs that are kept; others are left out."""
        return {level.sku: LevelOut.of(level) for level in await stock.levels(sku)}

    @router.get("/stock/{sku}", responses=problems(404))
    async def get_level(sku: Sku) -> LevelOut:
        """The level of one SKU."""
        try:
            return LevelOut.of(await stock.level(sku))
        except UnknownSkuError as error:
            raise Problem(404, detail=str(error)) from None

    @router.post("/stock/{sku}/receive", responses=problems(503))
    async def receive(
        sku: Sku,
        receipt: ReceiptIn,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=100)] = None,
    ) -> LevelOut:
        """Goods came in; the level after it. With an Idempotency-Key the same delivery counts once."""
        try:
            return LevelOut.of(await stock.receive(sku, receipt.quantity, idempotency_key))
        except ContendedError as error:
            raise Problem(503, detail=str(error), headers={"Retry-After": "1"}) from None

    app.include_router(router)
