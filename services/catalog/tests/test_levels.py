"""Real instances at real Postgres, Redis and NATS: a change shows everywhere, and what fails is missed by nobody."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT, Start, eventually
from shopkit.testing.programs import Program
from shopkit.testing.service import listeners

SKU = "enamel-mug"


def test_a_price_shows_in_every_instance_within_two_seconds(start: Start, redis_url: str, nats_url: str) -> None:
    # Copies that would stay for an hour: what shows the change is the event.
    stores = {"REDIS_URL": redis_url, "NATS_URL": nats_url}
    long = {"CATALOG_LOCAL_CACHE_SECONDS": "3600", "CATALOG_SHARED_CACHE_SECONDS": "3600"}
    one, other = start(**stores, **long), start(**stores, **long)
    eventually(lambda: asyncio.run(listeners(nats_url)) == 2)
    before = one.price(SKU)
    assert [other.price(SKU), other.price(SKU), one.price(SKU)] == [before] * 3
    assert (other.counted("process", "hit"), other.counted("redis", "hit")) == (1, 1)
    assert one.counted("redis", "miss") == 1
    for step in (100, 200, 300):
        wanted = {"amount": before + step, "currency": "EUR"}
        one.http.put(f"/products/{SKU}/price", json=wanted).raise_for_status()
        assert one.price(SKU) == before + step
        assert eventually(lambda wanted=wanted: other.price(SKU) == wanted["amount"], 2) < 2
        listed = other.http.get("/products?q=mug&limit=100").json()["products"]
        assert [p["price"]["amount"] for p in listed if p["sku"] == SKU] == [before + step]


def test_many_readers_at_once_ask_the_store_once(start: Start, redis_url: str) -> None:
    instances = [start(REDIS_URL=redis_url) for _ in range(2)]
    with ThreadPoolExecutor(20) as pool:
        prices = set(pool.map(lambda n: instances[n % 2].price(SKU), range(40)))
    assert len(prices) == 1
    assert sum(one.counted("process", "miss") + one.counted("process", "hit") for one in instances) == 40
    assert sum(one.counted("redis", "miss") + one.counted("redis", "hit") for one in instances) < 10


def test_without_redis_it_answers_and_afterwards_tells_it_what_it_missed(
    start: Start, redis_server: Program, redis_url: str
) -> None:
    one = start(REDIS_URL=redis_url, CATALOG_SHARED_CACHE_SECONDS="3600")
    before = one.price(SKU)
    redis_server.kill()
    try:
        one.http.put(f"/products/{SKU}/price", json={"amount": before + 1, "currency": "EUR"}).raise_for_status()
        assert one.price(SKU) == before + 1
        assert one.http.get("/products/moka-pot").status_code == 200
        assert one.http.get("/readyz").status_code == 200
        assert one.counted("redis", "error") >= 1
        eventually(lambda: 'breaker_state{name="redis",state="open"} 1.0' in one.http.get("/metrics").text)
    finally:
        redis_server.start()
    eventually(lambda: 'breaker_state{name="redis",state="closed"} 1.0' in one.http.get("/metrics").text)
    other = start(REDIS_URL=redis_url)
    eventually(lambda: other.price(SKU) == before + 1, 3)


def test_without_nats_it_answers_and_a_copy_ages_in_time(
    start: Start, nats_server: Program, redis_url: str, nats_url: str
) -> None:
    settings = {"REDIS_URL": redis_url, "NATS_URL": nats_url, "CATALOG_LOCAL_CACHE_SECONDS": "1"}
    nats_server.kill()
    try:
        one, other = start(**settings), start(**settings)
        before = other.price(SKU)
        one.http.put(f"/products/{SKU}/price", json={"amount": before + 1, "currency": "EUR"}).raise_for_status()
        assert one.price(SKU) == before + 1
        assert eventually(lambda: other.price(SKU) == before + 1, 2) < 2
        assert one.http.get("/readyz").status_code == 200
        assert "outbox_pending 1.0" in one.http.get("/metrics").text
    finally:
        nats_server.start()
    eventually(lambda: "outbox_pending 0.0" in one.http.get("/metrics").text, 15)


def test_without_a_database_nothing_of_the_stores_is_loaded() -> None:
    code = """
import json, sys
from shopkit.metrics import Metrics
from catalog.adapters.assembly import assemble
from catalog.adapters.settings import Settings
parts = assemble(Settings.read({}), Metrics("catalog"))
print(json.dumps([sorted({"psycopg", "redis", "nats"} & set(sys.modules)), len(parts.background)]))
"""
    environ = {"PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert json.loads(run.stdout) == [[], 0], run.stderr


@pytest.mark.parametrize("name", ["REDIS_URL", "NATS_URL"])
def test_a_cache_without_a_store_is_refused(name: str) -> None:
    from catalog.adapters.settings import Settings

    url = f"{name.removesuffix('_URL').lower()}://127.0.0.1:1"
    with pytest.raises(ValueError, match=f"{name} is '{url}': set DATABASE_URL as well"):
        Settings.read({name: url})
