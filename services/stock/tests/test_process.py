"""The real process on a real Postgres and NATS: orders by events, killed midway, asked over HTTP, scraped."""

from __future__ import annotations

import asyncio
import json
import signal
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from samples import cancelled, confirmed, order_ids, placed
from shopkit.broker import Broker
from shopkit.events import Event
from shopkit.testing.service import ServiceProcess, eventually, listening, run

from stock import __version__

ROOT = Path(__file__).parent.parent


class StockProcess(ServiceProcess):
    """`python3 -m stock`."""

    def __init__(self, database_url: str, nats_url: str) -> None:
        settings = {"STOCK_SEED_QUANTITY": "50", "DATABASE_URL": database_url, "NATS_URL": nats_url}
        super().__init__(ROOT, "stock", "STOCK", settings)

    async def level(self, sku: str) -> tuple[int, int, int]:
        said = (await self.http.get(f"/stock/{sku}")).json()
        return said["available"], said["reserved"], said["sold"]


@pytest.fixture
async def stock(database_url: str, nats_url: str) -> AsyncIterator[StockProcess]:
    process = StockProcess(database_url, nats_url)
    async with process:
        yield process


class Heard:
    """Everything that the stock has published."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def take(self, event: Event) -> None:
        self.events.append(event)

    def of(self, type_: str) -> list[str]:
        """The orders told of, each fact once, however often it was delivered."""
        return list({event.id: event.subject for event in self.events if event.type == f"stock.{type_}.v1"}.values())


@pytest.fixture
async def heard(broker: Broker) -> AsyncIterator[Heard]:
    heard = Heard()
    types = [f"stock.{type_}.v1" for type_ in ("reserved", "rejected", "committed", "released")]
    async with listening(broker.consume("test", types, heard.take)):
        yield heard


async def test_killed_midway_loses_and_doubles_nothing(stock: StockProcess, broker: Broker, heard: Heard) -> None:
    orders = order_ids(60)
    for order in orders:
        await broker.publish(placed(order, {"enamel-mug": 1}))
    await eventually(lambda: asyncio.sleep(0, len(heard.events) >= 5))
    stock.end(signal.SIGKILL)
    for order in orders[:30]:
        await broker.publish(placed(order, {"enamel-mug": 1}))  # the same order, told again
    await stock.start()
    await eventually(lambda: asyncio.sleep(0, len(heard.of("reserved")) + len(heard.of("rejected")) >= 60))
    assert await stock.level("enamel-mug") == (0, 50, 0)
    reserved = heard.of("reserved")
    for order in reserved[:20]:
        await broker.publish(confirmed(order))
    for order in reserved[20:]:
        await broker.publish(cancelled(order))
    await eventually(lambda: asyncio.sleep(0, len(heard.of("committed")) + len(heard.of("released")) >= 50))
    assert await stock.level("enamel-mug") == (30, 0, 20)
    assert (len(set(reserved)), len(set(heard.of("rejected")))) == (50, 10)
    assert set(heard.of("committed")) == set(reserved[:20])
    ids = Counter(event.id for event in heard.events)
    assert len({(event.type, event.subject) for event in heard.events}) == len(ids), "a fact was announced twice"


async def test_cancelled_before_placed(stock: StockProcess, broker: Broker, heard: Heard) -> None:
    early, late = order_ids(2)
    await broker.publish(cancelled(early))

    async def noted() -> bool:
        return 'outcome="cancelled"} 1.0' in (await stock.http.get("/metrics")).text

    await eventually(noted)
    await broker.publish(placed(early, {"moka-pot": 1}))
    await broker.publish(placed(late, {"moka-pot": 2}))
    await eventually(lambda: asyncio.sleep(0, heard.of("reserved") == [late]))

    async def nothing_pending() -> bool:
        return await broker.pending("stock") == 0

    await eventually(nothing_pending)
    assert await stock.level("moka-pot") == (48, 2, 0)
    metrics = (await stock.http.get("/metrics")).text
    assert 'stock_decisions_total{outcome="repeated"} 1.0' in metrics
    assert 'stock_pieces{sku="moka-pot",state="available"}' in metrics
    code, out, err = stock.end()
    assert (code, err) == (0, "")
    for line in map(json.loads, out.splitlines()):
        assert line.keys() >= {"time", "level", "service", "version", "environment", "message", "fields"}
        assert (line["service"], line["environment"]) == ("stock", "test")


async def test_http(stock: StockProcess) -> None:
    many = (await stock.http.get("/stock?sku=moka-pot&sku=none")).json()
    assert many == {"moka-pot": {"sku": "moka-pot", "available": 50, "reserved": 0, "sold": 0}}
    missing = await stock.http.get("/stock/none")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert missing.json()["detail"] == "no stock of none is kept: receive some first"
    for _ in range(2):
        receipt = await stock.http.post(
            "/stock/tea-towel/receive", json={"quantity": 4}, headers={"Idempotency-Key": "delivery-7"}
        )
    assert receipt.json() == {"sku": "tea-towel", "available": 4, "reserved": 0, "sold": 0}
    for bad in ({"quantity": 0}, {"quantity": "many"}, {}):
        assert (await stock.http.post("/stock/tea-towel/receive", json=bad)).status_code == 422
    assert (await stock.http.get("/stock/Not%20A%20Sku")).status_code == 422


def test_wrong_settings_end_the_process_with_one_line() -> None:
    done = run(ROOT, "stock", {"STOCK_ATTEMPTS": "0"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "stock: STOCK_ATTEMPTS is '0': give a whole number from 1 to 100\n"


def test_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
