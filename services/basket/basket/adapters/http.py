"""Baskets over HTTP. A basket's ETag names its content: If-None-Match saves the body, If-Match guards a change."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Path, Request, Response
from pydantic import BaseModel, Field
from shopkit.metrics import Metrics
from shopkit.web import Problem, problems

from basket.application.baskets import Baskets, ChangedError, StoreError
from basket.domain.basket import ID_PATTERN, MAX_QUANTITY, SKU_PATTERN, Basket, FullError

Id = Annotated[str, Path(pattern=ID_PATTERN, description="The customer's session")]
Sku = Annotated[str, Path(pattern=SKU_PATTERN, max_length=80)]
IfMatch = Annotated[str | None, Header(description="Change it only if its ETag is one of these")]
IfNoneMatch = Annotated[str | None, Header(description="ETags that the caller has")]


class ItemIn(BaseModel):
    quantity: int = Field(strict=True, ge=1, le=MAX_QUANTITY, examples=[2])


class ItemOut(BaseModel):
    sku: str = Field(examples=["enamel-mug"])
    quantity: int


class BasketOut(BaseModel):
    """Items in the order in which they were put in first."""

    basket_id: str
    items: list[ItemOut]


def add_routes(app: FastAPI, baskets: Baskets, metrics: Metrics) -> None:
    """The paths of baskets, and what their errors are in HTTP."""
    app.include_router(_routes(baskets, metrics))

    @app.exception_handler(FullError)
    async def full(_request: Request, error: FullError) -> Response:
        return Problem(409, "Basket is full", str(error)).response()

    @app.exception_handler(ChangedError)
    async def changed(_request: Request, error: ChangedError) -> Response:
        return Problem(412, detail=str(error), headers={"ETag": _etag(error.basket)}).response()

    @app.exception_handler(StoreError)
    async def away(_request: Request, error: StoreError) -> Response:
        return Problem(503, detail=str(error), headers={"Retry-After": "1"}).response()


def _routes(baskets: Baskets, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["baskets"])
    changes = metrics.counter("basket_changes_total", "Changes made", ("change",))

    @router.get("/baskets/{id}", responses={304: {"description": "As the caller has it"}, **problems(503)})
    async def get_basket(id: Id, response: Response, if_none_match: IfNoneMatch = None) -> BasketOut:
        """The basket; one that nobody filled is empty."""
        basket = await baskets.get(id)
        known = _tags(if_none_match)
        if known is not None and basket.tag in known:
            return Response(status_code=304, headers=_headers(basket))  # type: ignore[return-value]  # passed on as it is
        return _out(basket, response)

    @router.put("/baskets/{id}/items/{sku}", responses=problems(409, 412, 503))
    async def put_item(id: Id, sku: Sku, item: ItemIn, response: Response, if_match: IfMatch = None) -> BasketOut:
        """Have this many of a product, however many there were."""
        basket = await baskets.put(id, sku, item.quantity, _tags(if_match))
        changes.labels("put").inc()
        return _out(basket, response)

    @router.delete("/baskets/{id}/items/{sku}", responses=problems(412, 503))
    async def remove_item(id: Id, sku: Sku, response: Response, if_match: IfMatch = None) -> BasketOut:
        """Have none of a product."""
        basket = await baskets.remove(id, sku, _tags(if_match))
        changes.labels("remove").inc()
        return _out(basket, response)

    @router.delete("/baskets/{id}", status_code=204, responses=problems(412, 503))
    async def empty_basket(id: Id, if_match: IfMatch = None) -> None:
        """Have nothing."""
        await baskets.empty(id, _tags(if_match))
        changes.labels("empty").inc()

    return router


def _out(basket: Basket, response: Response) -> BasketOut:
    response.headers.update(_headers(basket))
    return BasketOut(basket_id=basket.id, items=[ItemOut(sku=sku, quantity=quantity) for sku, quantity in basket])


def _headers(basket: Basket) -> dict[str, str]:
    return {"ETag": _etag(basket), "Cache-Control": "private, no-cache"}


def _etag(basket: Basket) -> str:
    return f'"{basket.tag}"'


def _tags(header: str | None) -> frozenset[str] | None:
    """The tags of If-Match or If-None-Match, weak ones included (RFC 9110, 8.8.3); None: any."""
    if header is None or header.strip() == "*":
        return None
    return frozenset(re.findall(r'"([^"]*)"', header))
