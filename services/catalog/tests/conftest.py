"""A catalog with three products, behind its real HTTP application."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from catalog.adapters.http import create_app
from catalog.adapters.store import MemoryStore
from catalog.application import Catalog
from catalog.domain import Money, Product

PRODUCTS = [
    Product("moka-pot", "Moka pot", "Makes coffee", Money(3190, "EUR"), frozenset({"kitchen"})),
    Product("coffee-mill", "Coffee mill", "Steel burrs", Money(7905, "EUR"), frozenset({"kitchen"})),
    Product("saw", "Saw", "Cuts <wood>", Money(2890, "EUR"), frozenset({"garden", "steel"})),
]


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(MemoryStore(PRODUCTS))


@pytest.fixture
def client(catalog: Catalog) -> Iterator[TestClient]:
    with TestClient(create_app(catalog), root_path="/shop/catalog") as client:
        yield client
