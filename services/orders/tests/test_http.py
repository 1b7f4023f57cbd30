"""The API over real storage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from samples import NOW, PATIENCE
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.testing.programs import Program

from orders.adapters.http import application
from orders.adapters.postgres import PostgresStorage
from orders.application.ordering import Ordering
from orders.application.ports import KeyInProgressError
from orders.application.saga import Saga
from orders.domain.messages import StockRejected

BODY: dict[str, Any] = {
    "customer_id": "c-1",
    "email": "a@example.com",
    "lines": [
        {"sku": "red-mug", "quantity": 2, "unit_price": {"amount": 1250, "currency": "EUR"}},
        {"sku": "tea", "quantity": 1, "unit_price": {"amount": 499, "currency": "EUR"}},
    ],
    "payment_token": "tok_visa",
}


@pytest.fixture
async def client(shop: Ordering, database: Database, metrics: Metrics) -> AsyncIterator[httpx2.AsyncClient]:
    app = application(shop, metrics, None, database.ready)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://orders") as client:
        yield client


async def post(client: httpx2.AsyncClient, key: str = "k", **changes: Any) -> httpx2.Response:
    return await client.post("/orders", json=BODY | changes, headers={"Idempotency-Key": key})


async def test_an_order_is_placed_and_read(client: httpx2.AsyncClient) -> None:
    answer = await post(client, total={"amount": 2999, "currency": "EUR"})
    assert answer.status_code == 202
    order_id = answer.json()["order_id"]
    assert answer.json() == {"order_id": order_id, "status": "pending"}
    assert answer.headers["location"] == f"/orders/{order_id}"
    assert "idempotent-replayed" not in answer.headers
    order = (await client.get(f"/orders/{order_id}")).json()
    times = order.pop("placed_at"), order.pop("updated_at")
    assert times[0] == times[1]
    assert times[0].endswith("Z")
    assert order == {
        "order_id": order_id,
        "customer_id": "c-1",
        "status": "pending",
        "reason": None,
        "lines": BODY["lines"],
        "total": {"amount": 2999, "currency": "EUR"},
    }


@pytest.mark.usefixtures("patient")
async def test_twenty_equal_requests_at_once_get_one_answer(client: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(post(client) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


async def test_a_repeat_gets_the_first_answer_even_when_the_order_has_moved_on(
    client: httpx2.AsyncClient, manager: Saga
) -> None:
    first = await post(client)
    await manager.hear(str(uuid4()), first.json()["order_id"], StockRejected("sold out"))
    again = await post(client)
    assert (again.status_code, again.content) == (202, first.content)
    order = (await client.get(first.headers["location"])).json()
    assert (order["status"], order["reason"]) == ("cancelled", "sold out")


async def test_a_key_with_another_body_is_a_conflict(client: httpx2.AsyncClient) -> None:
    await post(client)
    answer = await post(client, email="b@example.com")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "came before with another body" in answer.json()["detail"]


async def test_a_request_still_under_way_is_a_conflict(
    client: httpx2.AsyncClient, shop: Ordering, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_arguments: object) -> None:
        raise KeyInProgressError("a request with Idempotency-Key 'k' is still under way")

    monkeypatch.setattr(Ordering, "place", busy)
    answer = await post(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "1")


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": " "}])
async def test_a_key_is_needed(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/orders", json=BODY, headers=headers)
    assert answer.status_code == 400
    assert "Idempotency-Key is missing" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"lines": []}, "body.lines"),
        ({"lines": [BODY["lines"][0]] * 2}, "each sku must be in one line only"),
        ({"total": {"amount": 1, "currency": "EUR"}}, "total must be the sum of the lines, 2999 EUR, got 1 EUR"),
        ({"email": "nobody"}, "email must be an address"),
        ({"discount": 1}, "body.discount"),
        ({"payment_token": "4242424242424242"}, "payment_token must be tok_"),
        ({"lines": [{**BODY["lines"][0], "quantity": 0}]}, "body.lines.0.quantity"),
    ],
)
async def test_what_no_order_can_be(client: httpx2.AsyncClient, changes: dict[str, Any], told: str) -> None:
    answer = await post(client, **changes)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert "4242424242424242" not in answer.text


async def test_orders_that_are_not_there(client: httpx2.AsyncClient) -> None:
    assert (await client.get(f"/orders/{uuid4()}")).status_code == 404
    assert (await client.get("/orders/x")).status_code == 422


async def test_a_database_that_is_away(database_url: str, metrics: Metrics, postgres_server: Program) -> None:
    async with Database(database_url, wait_seconds=1) as database:
        storage = PostgresStorage(database)
        await storage.migrate()
        ordering = Ordering(storage, lambda: NOW, lambda: str(uuid4()), PATIENCE)
        transport = httpx2.ASGITransport(application(ordering, metrics, None, database.ready))
        async with httpx2.AsyncClient(transport=transport, base_url="http://orders") as client:
            postgres_server.stop()
            try:
                answer = await post(client)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
                assert (await client.get("/readyz")).status_code == 503
                assert (await client.get("/healthz")).status_code == 200
            finally:
                postgres_server.start()
            async with asyncio.timeout(60):
                while (await client.get("/readyz")).status_code == 503:
                    await asyncio.sleep(0.1)
            assert (await post(client)).status_code == 202


async def test_requests_are_counted_by_outcome(client: httpx2.AsyncClient, metrics: Metrics) -> None:
    await post(client)
    await post(client)
    await post(client, email="b@example.com")
    text = (await client.get("/metrics")).text
    for outcome in ("placed", "replayed", "key_reused"):
        assert f'orders_placed_total{{outcome="{outcome}"}} 1.0' in text
