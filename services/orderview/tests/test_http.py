"""The API over real stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest
import story
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics
from shopkit.testing.programs import Program
from story import START, heard

from orderview.adapters.http import Rebuilds, application
from orderview.adapters.postgres import PostgresView
from orderview.application.projecting import Projector, Rebuilder
from orderview.application.queries import Queries


@pytest.fixture
async def client(
    queries: Queries, rebuilder: Rebuilder, database: Database, metrics: Metrics
) -> AsyncIterator[httpx2.AsyncClient]:
    app = application(queries, Rebuilds(rebuilder, metrics), metrics, None, database.ready)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://orderview") as client:
        yield client


async def test_an_order_with_its_history(client: httpx2.AsyncClient, projector: Projector) -> None:
    events = story.refunded()
    for event in heard(events):
        await projector.project(event)
    answer = await client.get(f"/orders/{events[0].subject}")
    assert answer.status_code == 200
    order = answer.json()
    history = order.pop("history")
    assert order == {
        "order_id": events[0].subject,
        "customer_id": "c-1",
        "status": "cancelled",
        "reason": "timeout",
        "payment": "refunded",
        "lines": story.LINES,
        "total": story.EUR,
        "mails": ["cancelled", "refunded"],
        "placed_at": "2026-03-01T12:00:00Z",
        "updated_at": "2026-03-01T12:00:08Z",
    }
    assert [entry["type"] for entry in history] == [event.type for event in events]
    assert history[3] == {
        "type": "orders.order-cancelled.v1",
        "time": "2026-03-01T12:00:03Z",
        "detail": {"reason": "timeout"},
    }
    assert "a@example.com" not in answer.text
    assert "tok_visa" not in answer.text


async def test_a_customer_s_orders_page_by_page(client: httpx2.AsyncClient, projector: Projector) -> None:
    for number in range(5):
        await projector.project(heard(story.confirmed(start=START + timedelta(minutes=number)))[0])
    await projector.project(heard(story.confirmed("c-2"))[0])
    seen, cursor = [], None
    while True:
        wanted = {"customer_id": "c-1", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/orders", params=wanted)).json()
        seen += page["orders"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [order["placed_at"] for order in seen] == [f"2026-03-01T12:0{number}:00Z" for number in (4, 3, 2, 1, 0)]
    assert set(seen[0]) == {"order_id", "status", "reason", "payment", "total", "placed_at", "updated_at"}
    assert (await client.get("/orders", params={"customer_id": "c-9"})).json() == {"orders": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/orders", 422, "query.customer_id"),
        ("/orders?customer_id=c-1&limit=0", 422, "query.limit"),
        ("/orders?customer_id=c-1&limit=101", 422, "query.limit"),
        ("/orders?customer_id=c-1&cursor=x", 400, "cursor 'x' is unknown"),
        ("/orders/x", 422, "path.order_id"),
        (f"/orders/{uuid4()}", 404, "no such order, or not heard of yet"),
    ],
)
async def test_questions_that_have_no_answer(client: httpx2.AsyncClient, path: str, status: int, told: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.json()["detail"]


async def test_a_rebuild_is_begun_and_swapped_in(client: httpx2.AsyncClient, broker: Broker) -> None:
    for event in story.confirmed():
        await broker.publish(event)
    begun = await client.post("/rebuild")
    assert (begun.status_code, begun.json()) == (202, {"generation": 2, "state": "building"})
    assert (await client.get("/orders", params={"customer_id": "c-1"})).status_code == 200
    async with asyncio.timeout(90):
        while (await client.get("/rebuild")).json()[-1]["state"] != "live":
            await asyncio.sleep(0.05)
    assert (await client.get("/rebuild")).json() == [
        {"generation": 1, "state": "old"},
        {"generation": 2, "state": "live"},
    ]
    [order] = (await client.get("/orders", params={"customer_id": "c-1"})).json()["orders"]
    assert order["status"] == "confirmed"
    assert 'orderview_rebuilds_total{outcome="done"} 1.0' in (await client.get("/metrics")).text


async def test_one_rebuild_at_a_time(client: httpx2.AsyncClient, stored: PostgresView) -> None:
    await stored.begin()
    answer = await client.post("/rebuild")
    assert (answer.status_code, answer.headers["retry-after"]) == (409, "5")


async def test_a_rebuild_that_fails_is_counted(
    client: httpx2.AsyncClient, nats_server: Program, metrics: Metrics
) -> None:
    nats_server.stop()
    try:
        assert (await client.post("/rebuild")).status_code == 202
        async with asyncio.timeout(90):
            while not metrics.registry.get_sample_value("orderview_rebuilds_total", {"outcome": "failed"}):
                await asyncio.sleep(0.05)
    finally:
        nats_server.start()
    assert (await client.get("/rebuild")).json() == [{"generation": 1, "state": "live"}]


async def test_a_database_that_is_away(
    database_url: str, rebuilder: Rebuilder, metrics: Metrics, postgres_server: Program
) -> None:
    async with Database(database_url, wait_seconds=1) as database:
        app = application(Queries(PostgresView(database)), Rebuilds(rebuilder, metrics), metrics, None, database.ready)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://orderview") as client:
            postgres_server.stop()
            try:
                answer = await client.get("/orders", params={"customer_id": "c-1"})
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
                assert (await client.get("/readyz")).status_code == 503
            finally:
                postgres_server.start()
            async with asyncio.timeout(60):
                while (await client.get("/readyz")).status_code == 503:
                    await asyncio.sleep(0.1)
            assert (await client.get("/orders", params={"customer_id": "c-1"})).status_code == 200
