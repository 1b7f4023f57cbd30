"""HTTP: a customer's shop front places orders here and asks how they stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, FastAPI, Header, Request, Response
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel, ConfigDict, Field
from shopkit.metrics import Metrics
from shopkit.web import Problem, create_app, problems
from starlette.responses import Response as AnyResponse

from orders import __version__
from orders.application.ordering import KeyReusedError, Ordering, PlaceOrder, UnknownOrderError
from orders.application.ports import KeyInProgressError
from orders.domain.order import MAX_LINES, Order, Status
from orders.domain.values import MAX_QUANTITY, Line, Money


class MoneyModel(BaseModel):
    """An amount in minor units (cents) of an ISO 4217 currency."""

    model_config = ConfigDict(extra="forbid")

    amount: int = Field(strict=True, ge=0, le=1_000_000_000)
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["EUR"])

    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @classmethod
    def of(cls, money: Money) -> MoneyModel:
        return cls.model_construct(amount=money.amount, currency=money.currency)


class LineModel(BaseModel):
    """So many of a SKU, at the price of one."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(max_length=80, pattern="^[a-z0-9]+(-[a-z0-9]+)*$", examples=["red-mug"])
    quantity: int = Field(strict=True, ge=1, le=MAX_QUANTITY)
    unit_price: MoneyModel

    def line(self) -> Line:
        return Line(self.sku, self.quantity, self.unit_price.money())


class OrderIn(BaseModel):
    """What a customer orders. `total`, if given, must be the sum of the lines."""

    model_config = ConfigDict(extra="forbid")

    customer_id: str = Field(min_length=1, max_length=100)
    email: str = Field(max_length=254, examples=["a@example.com"])
    lines: list[LineModel] = Field(min_length=1, max_length=MAX_LINES)
    payment_token: str = Field(max_length=64, examples=["tok_visa"])
    total: MoneyModel | None = None

    def request(self) -> PlaceOrder:
        return PlaceOrder(
            self.customer_id,
            self.email,
            tuple(line.line() for line in self.lines),
            self.payment_token,
            self.total.money() if self.total else None,
        )


class ReceiptOut(BaseModel):
    """The order was taken; how it ends is told by events."""

    order_id: str
    status: Status


class OrderOut(BaseModel):
    """An order as it stands. `reason` says why it was cancelled."""

    order_id: str
    customer_id: str
    status: Status
    reason: str | None
    lines: list[LineModel]
    total: MoneyModel
    placed_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, order: Order) -> OrderOut:
        return cls(
            order_id=order.order_id,
            customer_id=order.customer_id,
            status=order.status,
            reason=order.reason,
            lines=[
                LineModel(sku=line.sku, quantity=line.quantity, unit_price=MoneyModel.of(line.unit_price))
                for line in order.lines
            ],
            total=MoneyModel.of(order.total),
            placed_at=order.placed_at,
            updated_at=order.updated_at,
        )


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", max_length=128, description="Required: new for each order, the same for its repeats"
    ),
]


def routes(ordering: Ordering, metrics: Metrics) -> APIRouter:
    """The paths of orders."""
    router = APIRouter(tags=["orders"])
    placed = metrics.counter("orders_placed_total", "Requests to place an order by outcome", ("outcome",))

    @router.post("/orders", status_code=202, responses=problems(400, 409, 422, 503))
    async def place_order(body: OrderIn, request: Request, response: Response, key: Key = None) -> ReceiptOut:
        """Place an order once: repeats with the same `Idempotency-Key` and body get the first answer."""
        if not key or not key.strip():
            raise Problem(400, detail="header Idempotency-Key is missing: send one that is new for each order")
        try:
            receipt = await ordering.place(body.request(), key)
        except KeyInProgressError as error:
            placed.labels("in_progress").inc()
            raise Problem(409, detail=str(error), headers={"Retry-After": "1"}) from None
        except KeyReusedError as error:
            placed.labels("key_reused").inc()
            raise Problem(422, detail=str(error)) from None
        except ValueError as error:
            placed.labels("invalid").inc()
            raise Problem(422, detail=str(error)) from None
        placed.labels("replayed" if receipt.replayed else "placed").inc()
        response.headers["Location"] = str(request.app.url_path_for("get_order", order_id=receipt.order_id))
        if receipt.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return ReceiptOut(order_id=receipt.order_id, status=Status.PENDING)

    @router.get("/orders/{order_id}", responses=problems(404, 503))
    async def get_order(order_id: UUID) -> OrderOut:
        """An order as it stands."""
        try:
            return OrderOut.of(await ordering.order(str(order_id)))
        except UnknownOrderError:
            raise Problem(404, detail=f"no such order: {order_id}") from None

    return router


def application(
    ordering: Ordering,
    metrics: Metrics,
    tracer_provider: TracerProvider | None,
    ready: Callable[[], Awaitable[bool]],
    root_path: str = "",
) -> FastAPI:
    """The service's HTTP application."""
    app = create_app("orders", __version__, metrics, tracer_provider, ready, root_path)
    app.include_router(routes(ordering, metrics))

    @app.exception_handler(psycopg.OperationalError)
    async def away(_request: Request, _error: psycopg.OperationalError) -> AnyResponse:
        return Problem(503, detail="orders cannot be stored now: try again", headers={"Retry-After": "2"}).response()

    return app
