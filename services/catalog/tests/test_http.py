"""The HTTP interface: answers, refusals, probes, metrics."""

import pytest
from fastapi.testclient import TestClient
from shopkit.metrics import Metrics

from catalog.adapters.http import create_app
from catalog.adapters.memory import MemoryStore
from catalog.application import Catalog

PROBLEM = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no such product: axe"}


def test_find(client: TestClient) -> None:
    answer = client.get("/products", params={"q": "coffee", "limit": 1})
    assert answer.status_code == 200
    assert answer.json() == {
        "products": [
            {
                "sku": "coffee-mill",
                "name": "Coffee mill",
                "description": "Steel burrs",
                "price": {"amount": 7905, "currency": "EUR"},
                "tags": ["kitchen"],
            }
        ],
        "total": 2,
        "offset": 0,
    }


def test_get(client: TestClient) -> None:
    assert client.get("/products/saw").json()["tags"] == ["garden", "steel"]
    missing = client.get("/products/axe")
    assert (missing.status_code, missing.json()) == (404, PROBLEM)


def test_prices(client: TestClient) -> None:
    assert client.get("/prices?sku=saw&sku=moka-pot").json() == {
        "saw": {"amount": 2890, "currency": "EUR"},
        "moka-pot": {"amount": 3190, "currency": "EUR"},
    }
    assert client.get("/prices?sku=saw&sku=axe").status_code == 404


def test_export_has_every_product_by_sku(client: TestClient) -> None:
    answer = client.get("/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines() == [
        "sku,name,description,amount,currency,tags",
        "coffee-mill,Coffee mill,Steel burrs,7905,EUR,kitchen",
        "moka-pot,Moka pot,Makes coffee,3190,EUR,kitchen",
        "saw,Saw,Cuts <wood>,2890,EUR,garden steel",
    ]


@pytest.mark.parametrize("path", ["/products?limit=0", "/products?limit=101", "/products?offset=-1", "/prices"])
def test_bad_questions(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 422


def test_page_lists_products_escaped_under_the_gateways_path(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert '<a href="/shop/catalog/products/saw">Saw</a>' in page.text
    assert "Cuts &lt;wood&gt;" in page.text
    assert "79.05 EUR" in page.text


def test_probes(client: TestClient) -> None:
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    empty = TestClient(create_app(Catalog(MemoryStore([])), Metrics("catalog")))
    assert empty.get("/healthz").status_code == 200
    assert empty.get("/readyz").status_code == 503


def test_openapi_names_the_gateways_path(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/products",
        "/products/{sku}",
        "/products/{sku}/price",
        "/prices",
        "/export",
        "/healthz",
        "/readyz",
    }
    assert document["servers"] == [{"url": "/shop/catalog"}]


def test_metrics_count_by_route_not_by_path(client: TestClient) -> None:
    for path in ("/products/saw", "/products/moka-pot", "/products/axe", "/nowhere", "/products?q=tea"):
        client.get(path)
    text = client.get("/metrics").text
    assert 'http_requests_total{method="GET",route="/products/{sku}",status="200"} 2.0' in text
    assert 'http_requests_total{method="GET",route="/products/{sku}",status="404"} 1.0' in text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'catalog_searches_total{outcome="empty"} 1.0' in text
    assert "moka-pot" not in text


def test_a_failure_is_counted(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the store is gone")

    monkeypatch.setattr(MemoryStore, "get", fail)
    client = TestClient(create_app(catalog, Metrics("catalog")), raise_server_exceptions=False)
    assert client.get("/products/saw").status_code == 500
    assert 'route="/products/{sku}",status="500"} 1.0' in client.get("/metrics").text
