"""openapi.json and asyncapi.yaml say what the code does; `make contracts` writes them."""

from __future__ import annotations

from pathlib import Path

from shopkit.metrics import Metrics
from shopkit.testing.contract import asyncapi, held

from orderview import __doc__ as description
from orderview import __version__
from orderview.adapters.events import DURABLE
from orderview.adapters.http import Rebuilds, application
from orderview.application.queries import Queries
from orderview.domain.projection import ADDS

ROOT = Path(__file__).parent.parent


async def _ready() -> bool:
    return True


def test_openapi() -> None:
    metrics = Metrics("orderview")
    rebuilds, queries = Rebuilds(None, metrics), Queries(None)  # type: ignore[arg-type]  # described, never asked
    held(ROOT / "openapi.json", application(queries, rebuilds, metrics, None, _ready).openapi())


def test_asyncapi() -> None:
    document = asyncapi(DURABLE, __version__, str(description), sends=(), receives=ADDS)
    held(ROOT / "asyncapi.yaml", document)
