"""What is committed of the interfaces is what the code says; CONTRACTS=write writes it anew."""

from __future__ import annotations

from pathlib import Path

from shopkit.metrics import Metrics
from shopkit.testing import contract

from catalog import __version__
from catalog.adapters.events import PRICE_CHANGED, PRODUCT_CHANGED
from catalog.adapters.http import create_app
from catalog.adapters.memory import MemoryStore
from catalog.application import Catalog

ROOT = Path(__file__).parent.parent


def test_openapi_is_what_the_code_says() -> None:
    contract.held(ROOT / "openapi.json", create_app(Catalog(MemoryStore([])), Metrics("catalog")).openapi())


def test_asyncapi_is_what_the_code_says() -> None:
    types = (PRICE_CHANGED, PRODUCT_CHANGED)
    says = "What the catalog tells of its products. Every instance hears it too, to drop its copies."
    contract.held(ROOT / "asyncapi.yaml", contract.asyncapi("catalog", __version__, says, sends=types, receives=types))
