"""HTTP: what became of a customer's orders, and the view built anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import psycopg
import structlog
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel, ConfigDict
from shopkit.metrics import Metrics
from shopkit.web import Problem, create_app, problems

from orderview import __version__
from orderview.application.ports import RebuildRunningError
from orderview.application.projecting import Rebuilder
from orderview.application.queries import CursorError, Queries, UnknownOrderError
from orderview.domain.view import Entry, Payment, Status, View

_log = structlog.stdlib.get_logger("orderview.http")


class MoneyOut(BaseModel):
    """An amount in minor units (cents) of an ISO 4217 currency."""

    model_config = ConfigDict(from_attributes=True)

    amount: int
    currency: str


class LineOut(BaseModel):
    """So many of a SKU, at the price of one."""

    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int
    unit_price: MoneyOut


class OrderOut(BaseModel):
    """An order in a list. `reason` says why it was cancelled."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    status: Status
    reason: str | None
    payment: Payment
    total: MoneyOut
    placed_at: datetime
    updated_at: datetime


class EntryOut(BaseModel):
    """Something that happened to an order."""

    model_config = ConfigDict(from_attributes=True)

    type: str
    time: datetime
    detail: dict[str, Any]


class OrderDetailOut(OrderOut):
    """An order with all that happened to it, oldest first."""

    customer_id: str
    lines: list[LineOut]
    mails: list[str]
    history: list[EntryOut]

    @classmethod
    def of(cls, view: View, entries: list[Entry]) -> Self:
        known = {name: getattr(view, name) for name in cls.model_fields if name not in ("history", "mails")}
        return cls.model_validate({**known, "mails": sorted(view.mails), "history": entries})


class OrdersOut(BaseModel):
    """A page. Ask again with `cursor=next_cursor` for those after it."""

    orders: list[OrderOut]
    next_cursor: str | None


class RebuildOut(BaseModel):
    """A generation of the view: building, live or old."""

    generation: int
    state: str


class Rebuilds:
    """The rebuild that this process runs, if any; ended with the process, the generation is dropped."""

    def __init__(self, rebuilder: Rebuilder, metrics: Metrics) -> None:
        self._rebuilder = rebuilder
        self._done = metrics.counter("orderview_rebuilds_total", "Rebuilds by how they ended", ("outcome",))
        self._seconds = metrics.gauge("orderview_rebuild_seconds", "How long the last rebuild took")
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Begin one; it goes on in the background. Raises RebuildRunningError."""
        generation = await self._rebuilder.begin()
        self._running = asyncio.create_task(self._fill(generation))
        return generation

    async def generations(self) -> list[RebuildOut]:
        """Every generation, oldest first."""
        found = await self._rebuilder.generations.all()
        return [RebuildOut(generation=each.number, state=each.state) for each in found]

    async def _fill(self, generation: int) -> None:
        try:
            done = await self._rebuilder.fill(generation)
        except Exception:
            self._done.labels("failed").inc()
            _log.exception("rebuild failed", generation=generation)
        else:
            self._done.labels("done").inc()
            self._seconds.set(done.seconds)
            _log.info("rebuilt", generation=generation, events=done.events, seconds=round(done.seconds, 2))


def routes(queries: Queries, rebuilds: Rebuilds) -> APIRouter:
    """The paths of the view."""
    router = APIRouter()

    @router.get("/orders", tags=["orders"], responses=problems(400, 422, 503))
    async def list_orders(
        customer_id: Annotated[str, Query(min_length=1, max_length=100)],
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> OrdersOut:
        """A customer's orders, newest first."""
        try:
            page = await queries.orders(customer_id, limit, cursor)
        except CursorError as error:
            raise Problem(400, detail=str(error)) from None
        return OrdersOut(orders=[OrderOut.model_validate(view) for view in page.orders], next_cursor=page.next_cursor)

    @router.get("/orders/{order_id}", tags=["orders"], responses=problems(404, 422, 503))
    async def get_order(order_id: UUID) -> OrderDetailOut:
        """An order with its history. One placed a moment ago may not be known yet."""
        try:
            return OrderDetailOut.of(*await queries.order(str(order_id)))
        except UnknownOrderError:
            raise Problem(404, detail=f"no such order, or not heard of yet: {order_id}") from None

    @router.post("/rebuild", tags=["operation"], status_code=202, responses=problems(409, 503))
    async def rebuild() -> RebuildOut:
        """Build the view anew from the first event on; the old one answers until the new one is complete."""
        try:
            return RebuildOut(generation=await rebuilds.start(), state="building")
        except RebuildRunningError as error:
            raise Problem(409, detail=str(error), headers={"Retry-After": "5"}) from None

    @router.get("/rebuild", tags=["operation"], responses=problems(503))
    async def generations() -> list[RebuildOut]:
        """The generations of the view, oldest first."""
        return await rebuilds.generations()

    return router


def application(
    queries: Queries,
    rebuilds: Rebuilds,
    metrics: Metrics,
    tracer_provider: TracerProvider | None,
    ready: Callable[[], Awaitable[bool]],
    root_path: str = "",
) -> FastAPI:
    """The service's HTTP application."""
    app = create_app("orderview", __version__, metrics, tracer_provider, ready, root_path)
    app.include_router(routes(queries, rebuilds))

    @app.exception_handler(psycopg.OperationalError)
    async def away(_request: Request, _error: psycopg.OperationalError) -> JSONResponse:
        return Problem(503, detail="orders cannot be read now: try again", headers={"Retry-After": "2"}).response()

    return app
