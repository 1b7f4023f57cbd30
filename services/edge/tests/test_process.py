"""The real processes: the purger at a real NATS, Varnish's counters as metrics, starts that are refused."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from conftest import KEPT, ROOT, Edge, environ, eventually, value
from shopkit.broker import Broker
from shopkit.events import Event
from shopkit.metrics import Metrics
from shopkit.testing import contract
from shopkit.testing.programs import Program, free_port
from shopkit.testing.service import listeners
from shopkit.web import create_app

from edge import __version__
from edge.adapters.varnish import TOKEN, Counters, Varnish
from edge.application import CacheDownError
from edge.domain import PRICE_CHANGED, PRODUCT_CHANGED

Purger = Callable[[Edge], httpx2.Client]


def price_changed(sku: str) -> Event:
    price = {"amount": 2, "currency": "EUR"}
    return Event.new("catalog", PRICE_CHANGED, sku, {"sku": sku, "price": price, "previous": price})


def publish(url: str, *events: Event) -> None:
    async def send() -> None:
        async with Broker(url, "", "", "test") as broker:
            for event in events:
                await broker.publish(event)

    asyncio.run(send())


def listen(url: str, count: int) -> None:
    """Wait until the stream of events has so many consumers."""
    eventually(lambda: asyncio.run(listeners(url)) == count)


def quiet(purger: httpx2.Client) -> None:
    """Wait until the purges of its beginning are over: they drop everything, and would hide what events do."""
    eventually(lambda: value(purger, 'edge_purges_total{outcome="done"}') >= 3, 30)


def test_what_changed_is_gone_within_two_seconds_and_nothing_else(edge: Edge, purger: Purger, nats_url: str) -> None:
    metrics = purger(edge)
    listen(nats_url, 1)
    quiet(metrics)
    kept = {
        f"/api/products{path}": keys
        for path, keys in (("", "products"), ("/saw", "product-saw"), ("/axe", "product-axe"))
    }
    kept["/"] = ""
    for path, keys in kept.items():
        origin = edge.shopapi if "/api" in path else edge.storefront
        origin.headers = {"Cache-Control": KEPT, "xkey": f"catalog {keys}"}
        edge.get(path)
    edge.shopapi.body = "as it is"
    publish(nats_url, price_changed("saw"))
    for path in ("/api/products/saw", "/api/products"):
        assert eventually(lambda path=path: edge.get(path).text == "shopapi: as it is", 2) < 2
    assert edge.get("/api/products/axe").text == "shopapi: as it was"
    assert edge.get("/").headers["x-cache"] == "HIT"
    publish(nats_url, Event.new("catalog", PRODUCT_CHANGED, "axe", {"sku": "axe"}))
    eventually(lambda: edge.get("/api/products/axe").text == "shopapi: as it is", 2)


def test_what_is_fetched_too_soon_is_purged_once_more(edge: Edge, purger: Purger, nats_url: str) -> None:
    metrics = purger(edge)
    listen(nats_url, 1)
    quiet(metrics)
    edge.shopapi.headers = {"Cache-Control": KEPT, "xkey": "catalog product-saw"}
    edge.get("/api/products/saw")
    publish(nats_url, price_changed("saw"))
    # An instance behind has not heard yet: the edge keeps the old answer again.
    eventually(lambda: edge.get("/api/products/saw").headers["x-cache"] == "MISS", 2)
    edge.shopapi.body = "as it is"
    eventually(lambda: edge.get("/api/products/saw").text == "shopapi: as it is", 2)


def test_a_broker_that_was_away_means_everything_is_dropped(
    edge: Edge, purger: Purger, nats_server: Program, nats_url: str
) -> None:
    metrics = purger(edge)
    quiet(metrics)
    edge.shopapi.headers = {"Cache-Control": KEPT, "xkey": "catalog product-saw"}
    edge.get("/api/products/saw")
    nats_server.kill()
    try:
        assert edge.get("/api/products/saw").headers["x-cache"] == "HIT"
        assert metrics.get("/readyz").status_code == 200
    finally:
        nats_server.start()
    edge.shopapi.body = "as it is"
    eventually(lambda: edge.get("/api/products/saw").text == "shopapi: as it is", 20)


def test_hits_are_counted(fresh: Edge, purger: Purger) -> None:
    metrics = purger(fresh)
    for path in ("/", "/", "/", "/api/basket"):
        fresh.get(path)
    shown = {
        outcome: lambda outcome=outcome: value(metrics, f'cache_requests_total{{level="edge",outcome="{outcome}"}}')
        for outcome in ("hit", "miss", "pass")
    }
    eventually(lambda: {outcome: ask() for outcome, ask in shown.items()} == {"hit": 2, "miss": 1, "pass": 1})
    assert value(metrics, 'edge_backend_up{backend="shopapi"}') == 1
    assert value(metrics, "edge_objects") >= 1
    fresh.shopapi.stop()
    eventually(lambda: value(metrics, 'edge_backend_up{backend="shopapi"}') == 0)


async def test_without_varnish_nothing_is_purged_or_counted(fresh: Edge) -> None:
    (fresh.directory / TOKEN).write_text("another")
    async with Varnish(fresh.directory) as varnish:
        with pytest.raises(CacheDownError, match="403"):
            await varnish.purge(["products"])
        assert await varnish.counters()
    async with Varnish(fresh.directory / "nowhere") as varnish:
        with pytest.raises(CacheDownError):
            await varnish.purge(["products"])
        counters = Counters(varnish, 0.01)
        with pytest.raises(CacheDownError, match="varnishstat"):
            await varnish.counters()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(counters.keep(), 0.5)
        assert not await counters.ready()
        assert not list(counters.collect())


def run(module: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env=environ(**settings), capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("module", "settings", "says"),
    [
        ("edge", {"NATS_URL": "http://nats"}, "edge: NATS_URL is 'http://nats': give a URL such as nats://host:port\n"),
        ("edge.varnish", {"EDGE_MEMORY": "x"}, "edge: EDGE_MEMORY is 'x': give a size such as 64m\n"),
        (
            "edge.varnish",
            {"EDGE_SHOPAPI": "shopapi.invalid:1", "EDGE_STOREFRONT": "127.0.0.1:1", "EDGE_WAIT_SECONDS": "0"},
            "edge: EDGE_SHOPAPI is 'shopapi.invalid': it has no address",
        ),
    ],
)
def test_wrong_settings_end_the_process_with_one_line(module: str, settings: dict[str, str], says: str) -> None:
    ended = run(module, **settings)
    assert ended.returncode == 2
    assert ended.stderr.startswith(says)
    assert ended.stderr.count("\n") == 1


def test_what_varnish_says_is_logged_like_all_else(edge: Edge) -> None:
    lines = [json.loads(line) for line in (edge.directory / "log").read_text().splitlines()]
    assert {(line["service"], line["version"]) for line in lines} == {("edge", __version__)}
    assert any("Child starts" in line["message"] for line in lines)


def test_it_ends_with_varnish(tmp_path: Path) -> None:
    program = tmp_path / "varnishd"
    program.write_text(
        "#!/bin/sh\ntrap 'echo Info: told to end; exit 3' TERM\necho Error: begun\nwhile :; do sleep 0.1; done\n"
    )
    program.chmod(0o755)
    backends = {
        "EDGE_SHOPAPI": "127.0.0.1:1",
        "EDGE_STOREFRONT": "127.0.0.1:1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "edge.varnish"],
        cwd=ROOT,
        env=environ(PATH=f"{tmp_path}:{os.environ['PATH']}", EDGE_DIRECTORY=str(tmp_path / "run"), **backends),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        begun = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        ended = json.loads(process.communicate(timeout=20)[0].splitlines()[-1])
    assert [(line["level"], line["message"]) for line in (begun, ended)] == [
        ("error", "begun"),
        ("info", "told to end"),
    ]
    assert process.returncode == 3


def test_without_the_program_it_says_what_to_install(tmp_path: os.PathLike[str]) -> None:
    backends = {"EDGE_SHOPAPI": "127.0.0.1:1", "EDGE_STOREFRONT": "127.0.0.1:1", "EDGE_DIRECTORY": "/tmp/edge-none"}
    ended = run("edge.varnish", PATH=str(tmp_path), **backends)
    assert (ended.returncode, "apt-get install varnish varnish-modules" in ended.stderr) == (127, True)


def test_it_ends_in_order(edge: Edge, nats_url: str) -> None:
    settings = {"NATS_URL": nats_url, "EDGE_HOST": "127.0.0.1", "EDGE_PORT": str(free_port())}
    with subprocess.Popen(
        [sys.executable, "-m", "edge"],
        cwd=ROOT,
        env=environ(EDGE_DIRECTORY=str(edge.directory), **settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert any("startup complete" in line for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_interfaces_are_what_the_code_says() -> None:
    async def ready() -> bool:
        return True

    contract.held(ROOT / "openapi.json", create_app("edge", __version__, Metrics("edge"), None, ready).openapi())
    says = "The purger of the edge drops answers that show what changed. It answers HTTP for the platform alone."
    types = (PRICE_CHANGED, PRODUCT_CHANGED)
    contract.held(ROOT / "asyncapi.yaml", contract.asyncapi("edge", __version__, says, sends=(), receives=types))
