"""What answers say to caches, and how browsers hear that nothing changed."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

CACHEABLE = {
    "/products": "catalog products",
    "/products?q=coffee": "catalog products",
    "/products/saw": "catalog product-saw",
    "/prices?sku=saw&sku=moka-pot": "catalog product-saw product-moka-pot",
}


@pytest.mark.parametrize(("path", "keys"), CACHEABLE.items())
def test_who_may_keep_an_answer_how_long(client: TestClient, path: str, keys: str) -> None:
    headers = client.get(path).headers
    assert headers["cache-control"] == "public, max-age=0, s-maxage=60, stale-while-revalidate=30, stale-if-error=3600"
    assert headers["surrogate-key"] == headers["xkey"] == keys
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", CACHEABLE)
def test_who_has_the_answer_hears_that_it_did_not_change(client: TestClient, path: str) -> None:
    etag = client.get(path).headers["etag"]
    for named in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(path, headers={"If-None-Match": named})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    text = client.get("/metrics").text
    assert 'cache_requests_total{level="http",outcome="hit"} 4.0' in text
    assert 'cache_requests_total{level="http",outcome="miss"} 2.0' in text


def test_a_change_changes_the_etag(client: TestClient) -> None:
    etag = client.get("/products/saw").headers["etag"]
    changed = client.put("/products/saw/price", json={"amount": 2500, "currency": "EUR"})
    assert (changed.status_code, changed.json()["price"]["amount"]) == (200, 2500)
    answer = client.get("/products/saw", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.json()["price"]["amount"]) == (200, 2500)


@pytest.mark.parametrize("path", ["/products/axe", "/prices?sku=axe", "/export", "/", "/healthz", "/metrics"])
def test_nothing_else_is_kept(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert not headers.keys() & {"cache-control", "etag", "xkey"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("PUT", "/products/axe/price", {"amount": 1, "currency": "EUR"}, 404, "no such product: axe"),
        ("PUT", "/products/saw/price", {"amount": 1, "currency": "USD"}, 409, "give the price in EUR"),
        ("PUT", "/products/saw/price", {"amount": -1, "currency": "EUR"}, 422, "body.amount"),
        ("PUT", "/products/saw/price", {"amount": 1.5, "currency": "EUR"}, 422, "body.amount"),
        ("PUT", "/products/saw/price", {"amount": 1, "currency": "eur"}, 422, "body.currency"),
        ("PUT", "/products/saw/price", {"amount": 1, "currency": "EUR", "vat": 1}, 422, "body.vat"),
        ("PATCH", "/products/axe", {"name": "Axe"}, 404, "no such product: axe"),
        ("PATCH", "/products/saw", {"name": "  "}, 409, "name must not be blank"),
        ("PATCH", "/products/saw", {"sku": "axe"}, 422, "body.sku"),
    ],
)
def test_changes_that_are_refused(
    client: TestClient, method: str, path: str, body: dict[str, object], status: int, says: str
) -> None:
    answer = client.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_a_product_is_told_of_in_other_words(client: TestClient) -> None:
    told = client.patch("/products/saw", json={"name": "Hand saw", "tags": ["hand"]}).json()
    assert (told["name"], told["description"], told["tags"]) == ("Hand saw", "Cuts <wood>", ["hand"])
    assert client.get("/products?q=hand").json()["total"] == 1
