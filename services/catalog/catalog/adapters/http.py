"""The catalog over HTTP: a page for people, an API for programs; probes and metrics come with the frame."""

from __future__ import annotations

import csv
import io
from html import escape
from importlib.resources import files
from string import Template
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse
from opentelemetry.sdk.trace import TracerProvider
from shopkit import web
from shopkit.metrics import Metrics

from catalog import __version__
from catalog.adapters.http_cache import Cacheable
from catalog.adapters.models import DescriptionIn, MoneyIn, MoneyOut, PageOut, PricesOut, ProductOut
from catalog.application import Catalog, Record, StoreDownError, UnknownProductError
from catalog.application.caching import ALL, key_of
from catalog.domain import Money

_PAGE = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))


def recorder(metrics: Metrics) -> Record:
    """Counts questions to caches as `cache_requests_total{level,outcome}`."""
    counter = metrics.counter("cache_requests_total", "Questions to caches", ("level", "outcome"))
    return lambda level, outcome: counter.labels(level, outcome).inc()


def create_app(
    catalog: Catalog, metrics: Metrics, tracer_provider: TracerProvider | None = None, root_path: str = ""
) -> FastAPI:
    """The ASGI application around a catalog; `root_path` is where a gateway serves it.

    Without a provider of tracers no spans are made.
    """
    app = web.create_app("catalog", __version__, metrics, tracer_provider, catalog.ready, root_path)
    app.include_router(_questions(catalog, metrics))
    app.include_router(_changes(catalog))
    app.include_router(_page(catalog))

    @app.exception_handler(UnknownProductError)
    async def unknown(_request: Request, error: UnknownProductError) -> Response:
        return web.Problem(404, detail=str(error)).response()

    @app.exception_handler(StoreDownError)
    async def down(_request: Request, _error: StoreDownError) -> Response:
        return web.Problem(503, detail="the store does not answer: try again", headers={"Retry-After": "2"}).response()

    return app


def _questions(catalog: Catalog, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["products"])
    searches = metrics.counter("catalog_searches_total", "Searches by outcome", ("outcome",))
    cacheable = Cacheable(recorder(metrics))

    @router.get("/products", response_model=PageOut, responses=web.problems(503))
    async def find_products(
        request: Request,
        q: Annotated[str, Query(max_length=200, description="Words that must all be met")] = "",
        tag: Annotated[str | None, Query(max_length=40)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> Response:
        """Search products, best first."""
        page = await catalog.find(q, tag, limit=limit, offset=offset)
        searches.labels("found" if page.total else "empty").inc()
        return cacheable.answer(request, PageOut.of(page), ALL)

    @router.get("/products/{sku}", response_model=ProductOut, responses=web.problems(404, 503))
    async def get_product(request: Request, sku: str) -> Response:
        """One product."""
        return cacheable.answer(request, ProductOut.of(await catalog.product(sku)), key_of(sku))

    @router.get("/prices", response_model=PricesOut, responses=web.problems(404, 503))
    async def get_prices(request: Request, sku: Annotated[list[str], Query(min_length=1, max_length=100)]) -> Response:
        """The price of each SKU; one that is unknown fails the whole question."""
        prices = await catalog.prices(dict.fromkeys(sku))
        body = PricesOut({sku: MoneyOut.of(price) for sku, price in prices.items()})
        return cacheable.answer(request, body, *(key_of(sku) for sku in prices))

    @router.get(
        "/export",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}, "description": "All products"}, **web.problems(503)},
    )
    async def export() -> Response:
        """Every product as CSV, for partners. The platform asks for a token with the scope catalog.export."""
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(("sku", "name", "description", "amount", "currency", "tags"))
        for p in await catalog.everything():
            rows.writerow((p.sku, p.name, p.description, p.price.amount, p.price.currency, " ".join(sorted(p.tags))))
        return Response(text.getvalue(), media_type="text/csv")

    return router


def _changes(catalog: Catalog) -> APIRouter:
    router = APIRouter(tags=["changes"])

    @router.put("/products/{sku}/price", responses=web.problems(404, 409, 503))
    async def put_price(sku: str, price: MoneyIn) -> ProductOut:
        """Give a product another price in its own currency; every cache drops what showed the old one."""
        try:
            return ProductOut.of(await catalog.reprice(sku, Money(price.amount, price.currency)))
        except ValueError as error:
            raise web.Problem(409, detail=str(error)) from error

    @router.patch("/products/{sku}", responses=web.problems(404, 409, 503))
    async def patch_product(sku: str, told: DescriptionIn) -> ProductOut:
        """Tell of a product in other words; every cache drops what showed the old ones."""
        try:
            return ProductOut.of(await catalog.describe(sku, told.name, told.description, told.tags))
        except ValueError as error:
            raise web.Problem(409, detail=str(error)) from error

    return router


def _page(catalog: Catalog) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/", response_class=HTMLResponse)
    async def index(request: Request) -> str:
        """What the shop sells, as a page."""
        root = escape(request.scope.get("root_path", ""))
        page = await catalog.find(limit=100)
        rows = "\n".join(
            f'<tr><td><a href="{root}/products/{p.sku}">{escape(p.name)}</a></td>'
            f"<td>{escape(p.description)}</td><td>{escape(str(p.price))}</td></tr>"
            for p in page.products
        )
        return _PAGE.substitute(rows=rows, total=page.total, version=__version__)

    return router
