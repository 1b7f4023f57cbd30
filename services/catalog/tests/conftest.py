"""A catalog with three products, behind its real HTTP application; real instances of it at real stores."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from shopkit.metrics import Metrics

from catalog.adapters.http import create_app
from catalog.adapters.memory import MemoryStore
from catalog.application import Catalog
from catalog.domain import Money, Product

pytest_plugins = ["shopkit.testing.plugin"]

ROOT = Path(__file__).parent.parent
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
    with TestClient(create_app(catalog, Metrics("catalog")), root_path="/shop/catalog") as client:
        yield client


def eventually(check: Callable[[], bool], seconds: float = 10.0) -> float:
    """Ask until it is so; the seconds that it took. Fails after `seconds`."""
    start = time.monotonic()
    while not check():
        assert time.monotonic() - start < seconds, f"not so after {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


@dataclass(frozen=True)
class Instance:
    """A real process of the catalog."""

    http: httpx2.Client

    def price(self, sku: str) -> int:
        """What the product costs, as asked of this instance."""
        return int(self.http.get(f"/products/{sku}").raise_for_status().json()["price"]["amount"])

    def counted(self, level: str, outcome: str) -> float:
        """`cache_requests_total` of this instance."""
        wanted = f'cache_requests_total{{level="{level}",outcome="{outcome}"}}'
        lines = self.http.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(wanted))


Start = Callable[..., Instance]


@pytest.fixture
def start(database_url: str) -> Iterator[Start]:
    """Starts instances at one database, with more settings as given; all end with the test."""
    with ExitStack() as stack:

        def started(**environ: str) -> Instance:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            settings = {
                "DATABASE_URL": database_url,
                "CATALOG_HOST": "127.0.0.1",
                "CATALOG_PORT": str(port),
                "PYTHONPATH": os.environ.get("PYTHONPATH", "../_lib"),
            }
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "catalog"],
                    cwd=ROOT,
                    env=os.environ | settings | environ,
                    stdout=subprocess.DEVNULL,
                )
            )
            stack.callback(process.send_signal, signal.SIGTERM)
            http = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10))

            def ready() -> bool:
                assert process.poll() is None, "the catalog ended"
                try:
                    return http.get("/readyz").status_code == 200
                except httpx2.TransportError:
                    return False

            eventually(ready, 60)
            return Instance(http)

        yield started
