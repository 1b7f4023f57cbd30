"""openapi.json and asyncapi.yaml say what the code does; `make contracts` writes them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from shopkit.metrics import Metrics
from shopkit.testing.contract import asyncapi, held

from orders import __doc__ as description
from orders import __version__
from orders.adapters.events import CONSUMED, PUBLISHED, SOURCE
from orders.adapters.http import application
from orders.application.ordering import Ordering

ROOT = Path(__file__).parent.parent


async def _ready() -> bool:
    return True


def test_openapi() -> None:
    ordering = Ordering(None, None, None, timedelta())  # type: ignore[arg-type]  # described, never asked
    held(ROOT / "openapi.json", application(ordering, Metrics("orders"), None, _ready).openapi())


def test_asyncapi() -> None:
    document = asyncapi(SOURCE, __version__, str(description), sends=PUBLISHED.values(), receives=CONSUMED)
    held(ROOT / "asyncapi.yaml", document)
