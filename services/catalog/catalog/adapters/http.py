"""The catalog over HTTP: a page for people, an API for programs, probes for the platform."""

from __future__ import annotations

import csv
import io
from html import escape
from importlib.resources import files
from string import Template
from typing import Annotated

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel, Field

from catalog import __version__
from catalog.adapters import tracing
from catalog.adapters.telemetry import Metrics, Telemetry
from catalog.application import Catalog, UnknownProductError
from catalog.domain import Money, Product

_PAGE = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))


class MoneyOut(BaseModel):
    """An amount in minor units (cents)."""

    amount: int = Field(ge=0, examples=[1290])
    currency: str = Field(examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> MoneyOut:
        return cls(amount=money.amount, currency=money.currency)


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


class PageOut(BaseModel):
    """`products` starts at `offset` of `total`."""

    products: list[ProductOut]
    total: int
    offset: int


class ProblemOut(BaseModel):
    detail: str


def create_app(catalog: Catalog, tracer_provider: TracerProvider | None = None) -> FastAPI:
    """The ASGI application around a catalog; the server's root path says where a gateway serves it.

    Without a provider of tracers no spans are made.
    """
    app = FastAPI(
        title="catalog",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        telemetry=tracing.telemetry(tracer_provider),
    )
    metrics = Metrics()
    app.include_router(_api(catalog, metrics))
    app.include_router(_page(catalog))
    app.include_router(_probes(catalog))
    app.add_route("/metrics", metrics.answer, include_in_schema=False)
    app.add_middleware(Telemetry, metrics=metrics)

    @app.exception_handler(UnknownProductError)
    async def unknown(_request: Request, error: UnknownProductError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=404)

    return app


def _api(catalog: Catalog, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["products"])

    @router.get("/products")
    async def find_products(
        q: Annotated[str, Query(max_length=200, description="Words that must all be met")] = "",
        tag: Annotated[str | None, Query(max_length=40)] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        offset: Annotated[int, Query(ge=0)] = 0,
    ) -> PageOut:
        """Search products, best first."""
        page = catalog.find(q, tag, limit=limit, offset=offset)
        metrics.searches.labels("found" if page.total else "empty").inc()
        return PageOut(products=[ProductOut.of(p) for p in page.products], total=page.total, offset=page.offset)

    @router.get("/products/{sku}", responses={404: {"model": ProblemOut}})
    async def get_product(sku: str) -> ProductOut:
        """One product."""
        return ProductOut.of(catalog.product(sku))

    @router.get("/prices", responses={404: {"model": ProblemOut}})
    async def get_prices(sku: Annotated[list[str], Query(min_length=1, max_length=100)]) -> dict[str, MoneyOut]:
        """The price of each SKU; one that is unknown fails the whole question."""
        return {sku: MoneyOut.of(price) for sku, price in catalog.prices(sku).items()}

    @router.get(
        "/export",
        response_class=Response,
        responses={200: {"content": {"text/csv": {}}, "description": "All products"}},
    )
    async def export() -> Response:
        """Every product as CSV, for partners. The platform asks for a token with the scope catalog.export."""
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(("sku", "name", "description", "amount", "currency", "tags"))
        for p in catalog.everything():
            rows.writerow((p.sku, p.name, p.description, p.price.amount, p.price.currency, " ".join(sorted(p.tags))))
        return Response(text.getvalue(), media_type="text/csv")

    return router


def _page(catalog: Catalog) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/", response_class=HTMLResponse)
    async def index(request: Request) -> str:
        """What the shop sells, as a page."""
        root = escape(request.scope.get("root_path", ""))
        page = catalog.find(limit=100)
        rows = "\n".join(
            f'<tr><td><a href="{root}/products/{p.sku}">{escape(p.name)}</a></td>'
            f"<td>{escape(p.description)}</td><td>{escape(str(p.price))}</td></tr>"
            for p in page.products
        )
        return _PAGE.substitute(rows=rows, total=page.total, version=__version__)

    return router


def _probes(catalog: Catalog) -> APIRouter:
    router = APIRouter(tags=["probes"])

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """The process serves requests."""
        return {"status": "alive"}

    @router.get("/readyz", responses={503: {"description": "Not now"}})
    async def ready(response: Response) -> dict[str, str]:
        """The catalog can answer."""
        if catalog.ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    return router
