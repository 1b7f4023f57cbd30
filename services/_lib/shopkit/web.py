"""The frame of a service's HTTP interface: probes, metrics, traces, and problems as RFC 9457 says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.types import Lifespan

from shopkit import masking, tracing
from shopkit.metrics import Metrics, Telemetry


def _phrase(status: int) -> str:
    """The status in words, the same in every Python: 3.13 has another one for 422."""
    return "Unprocessable Entity" if status == HTTPStatus.UNPROCESSABLE_ENTITY else HTTPStatus(status).phrase


class Problem(Exception):  # noqa: N818 - the field's name for it
    """An answer that is no success: `application/problem+json` with this status, title and detail."""

    def __init__(
        self, status: int, title: str = "", detail: str = "", headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.title = title or _phrase(status)
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> JSONResponse:
        body = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail, **self.more}
        return JSONResponse(body, self.status, self.headers, media_type="application/problem+json")


class ProblemOut(BaseModel):
    """What a refused request gets (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that may answer with these problems."""
    return {
        status: {
            "description": _phrase(status),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
            "model": ProblemOut,
        }
        for status in statuses
    }


def create_app(
    service: str,
    version: str,
    metrics: Metrics,
    tracer_provider: TracerProvider | None,
    ready: Callable[[], Awaitable[bool]],
    root_path: str = "",
    lifespan: Lifespan[FastAPI] | None = None,
) -> FastAPI:
    """An application with `/healthz`, `/readyz`, `/metrics` and `/openapi.json`; the service adds its routers.

    `ready` says whether the stores answer. `root_path` is where a gateway serves it, without trailing slash.
    """
    app = FastAPI(
        title=service,
        version=version,
        docs_url=None,
        redoc_url=None,
        telemetry=tracing.telemetry(tracer_provider),
        lifespan=lifespan,
    )
    app.state.background_ok = lambda: True
    app.state.root_path = root_path  # for the server, which puts it into every request's scope
    app.add_route("/metrics", metrics.answer, include_in_schema=False)
    app.add_middleware(Telemetry, metrics=metrics)
    _handlers(app)

    @app.get("/healthz", tags=["probes"])
    async def alive() -> dict[str, str]:
        """The process serves requests."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["probes"], responses={503: {"description": "Not now"}})
    async def is_ready(response: Response) -> dict[str, str]:
        """The service and its background tasks can work."""
        if app.state.background_ok() and await ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    return app


def _handlers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_request: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> Response:
        return Problem(error.status_code, detail=str(error.detail), headers=error.headers).response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        faults = [f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        return Problem(422, detail=masking.text("; ".join(faults))).response()
