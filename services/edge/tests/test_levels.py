"""Every cache of the shop at once: two catalogs at Postgres, Redis and NATS, and the edge before them."""

from __future__ import annotations

import http.client
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from threading import Thread

import httpx2
import pytest
from conftest import ROOT, Edge, Start, environ, eventually, value
from shopkit.testing.programs import free_port
from test_process import listen, quiet

SKU = "enamel-mug"


@pytest.fixture
def catalogs(database_url: str, redis_url: str, nats_url: str) -> Iterator[list[httpx2.Client]]:
    """Two instances, whose copies would stay for an hour: what shows a change is the event."""
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "NATS_URL": nats_url, "CATALOG_HOST": "127.0.0.1"}
    long = {"CATALOG_LOCAL_CACHE_SECONDS": "3600", "CATALOG_SHARED_CACHE_SECONDS": "3600"}
    with ExitStack() as stack:
        clients = []
        for _ in range(2):
            port = free_port()
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "catalog"],
                    cwd=ROOT.parent / "catalog",
                    env=environ(CATALOG_PORT=str(port), **settings, **long),
                    stdout=subprocess.DEVNULL,
                )
            )
            stack.callback(process.send_signal, signal.SIGTERM)
            clients.append(stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)))
        for client in clients:
            eventually(lambda client=client: answers(client), 60)
        yield clients


def answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def relay(catalogs: list[httpx2.Client]) -> Iterator[str]:
    """Serves /api/… from the catalogs in turn, as the shop's API does: with their headers. Its address."""
    turns = cycle(catalogs)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            to = next(turns).base_url
            connection = http.client.HTTPConnection(to.host, to.port, timeout=10)
            named = self.headers.get("If-None-Match")
            connection.request("GET", self.path.removeprefix("/api"), headers={"If-None-Match": named} if named else {})
            answer = connection.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name in ("Cache-Control", "ETag", "xkey", "Content-Type"):
                if answer.headers[name]:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            connection.close()

        def log_message(self, format: str, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def price(client: httpx2.Client, path: str) -> int:
    """What the product costs there, on its own or in a list."""
    shown = client.get(path).raise_for_status().json()
    [found] = [p for p in shown.get("products", [shown]) if p["sku"] == SKU]
    return int(found["price"]["amount"])


def test_a_price_shows_at_every_level_within_two_seconds(
    catalogs: list[httpx2.Client],
    relay: str,
    start: Start,
    purger: Callable[[Edge], httpx2.Client],
    nats_url: str,
) -> None:
    edge: Edge = start(shopapi=relay)
    metrics = purger(edge)
    listen(nats_url, 3)
    quiet(metrics)
    places = [
        *((catalog, path) for catalog in catalogs for path in (f"/products/{SKU}", "/products?q=mug")),
        *((edge.http, path) for path in (f"/api/products/{SKU}", "/api/products?q=mug")),
    ]
    before = price(*places[0])
    for round_ in (1, 2, 3):
        shown = before + 100 * (round_ - 1)
        for place in places * 2:
            assert price(*place) == shown
        assert edge.get(f"/api/products/{SKU}").headers["x-cache"] == "HIT"
        etag = edge.get(f"/api/products/{SKU}").headers["etag"]
        assert edge.get(f"/api/products/{SKU}", If_None_Match=etag).status_code == 304
        wanted = {"amount": before + 100 * round_, "currency": "EUR"}
        catalogs[0].put(f"/products/{SKU}/price", json=wanted).raise_for_status()
        assert eventually(lambda wanted=wanted: all(price(*place) == wanted["amount"] for place in places), 2) < 2
        assert edge.get(f"/api/products/{SKU}", If_None_Match=etag).status_code == 200
        # The purge that is done once more is over before the next change.
        eventually(lambda round_=round_: value(metrics, 'edge_purges_total{outcome="done"}') >= 3 + 2 * round_)
    for level, outcome in (("process", "hit"), ("redis", "hit")):
        assert sum(value(c, f'cache_requests_total{{level="{level}",outcome="{outcome}"}}') for c in catalogs) > 0
    assert value(metrics, 'cache_requests_total{level="edge",outcome="hit"}') > 0
