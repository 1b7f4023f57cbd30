"""A real varnishd with the edge's VCL between a client and two servers, and the purger beside it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest
from shopkit.testing.programs import free_port

from edge.adapters.varnish import SOCKET, TOKEN

pytest_plugins = ["shopkit.testing.plugin"]

ROOT = Path(__file__).parent.parent
NO_REUSE = httpx2.Limits(max_keepalive_connections=0)
"""A server that ends an idle connection as the next question comes is no matter of these tests."""
KEPT = "public, max-age=0, s-maxage=60, stale-while-revalidate=30, stale-if-error=3600"
PLAIN = {"Cache-Control": KEPT, "Content-Type": "text/plain"}
ALL = "all-of-a-test"
"""The surrogate key of whatever an origin answers, by which a test's answers are dropped before the next."""


def eventually(check: Callable[[], bool], seconds: float = 15.0) -> float:
    """Ask until it is so; the seconds that it took. Fails after `seconds`."""
    start = time.monotonic()
    while not check():
        assert time.monotonic() - start < seconds, f"not so after {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


@dataclass
class Origin:
    """A server behind the edge. It answers as told, and says nothing while it is stopped."""

    name: str
    port: int = field(default_factory=free_port)
    status: int = 200
    body: str = "as it was"
    headers: Mapping[str, str] = field(default_factory=lambda: dict(PLAIN))
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/healthz":
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                origin.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
                body = f"{origin.name}: {origin.body}".encode()
                unchanged = self.headers.get("If-None-Match") == origin.headers.get("ETag", "none")
                self.send_response(304 if unchanged else origin.status)
                for name, value in (*origin.headers.items(), ("xkey", ALL)):
                    self.send_header(name, value)
                if not unchanged:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if not unchanged:
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - http.server calls them so

            def log_message(self, format: str, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def reset(self) -> None:
        """As it was when it was made."""
        self.status, self.body, self.headers = 200, "as it was", dict(PLAIN)
        self.asked.clear()

    def asked_for(self, path: str) -> int:
        """How often it was asked for a path."""
        return sum(asked == path for _, asked, _ in self.asked)


def environ(**more: str) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", "../_lib")} | more


@dataclass(frozen=True)
class Edge:
    """A running edge."""

    http: httpx2.Client
    directory: Path
    storefront: Origin
    shopapi: Origin

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def purge(self, *keys: str) -> int:
        """Drops what carries one of the keys; how many."""
        token = (self.directory / TOKEN).read_text()
        transport = httpx2.HTTPTransport(uds=str(self.directory / SOCKET))
        with httpx2.Client(transport=transport, base_url="http://edge") as own:
            answer = own.request("PURGE", "/", headers={"xkey": " ".join(keys), "X-Purge-Token": token})
            return int(answer.raise_for_status().headers["X-Purged"])


Start = Callable[..., Edge]


@contextmanager
def starting() -> Iterator[Start]:
    """Starts edges, which end with the block."""
    with ExitStack() as stack:

        def started(shopapi: str = "", **more: str) -> Edge:
            # Short enough for a socket's path.
            directory = Path(tempfile.mkdtemp(prefix="edge-"))
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            storefront, api = Origin("storefront"), Origin("shopapi")
            for origin in (storefront, api):
                origin.start()
                stack.callback(origin.stop)
            port = free_port()
            settings = {
                "EDGE_LISTEN": f"127.0.0.1:{port}",
                "EDGE_DIRECTORY": str(directory),
                "EDGE_STOREFRONT": f"127.0.0.1:{storefront.port}",
                "EDGE_SHOPAPI": shopapi or f"127.0.0.1:{api.port}",
                "EDGE_PROBE_SECONDS": "1",
                "EDGE_WAIT_SECONDS": "0",
            }
            with (directory / "log").open("wb") as log:
                process = stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-m", "edge.varnish"],
                        cwd=ROOT,
                        env=environ(**settings, **more),
                        stdout=log,
                        stderr=log,
                    )
                )
            stack.callback(process.send_signal, signal.SIGTERM)
            http = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10))
            _wait(http, "/healthz", process, directory / "log")
            return Edge(http, directory, storefront, api)

        yield started


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts an edge with settings as given; its shopapi may be another server's address."""
    with starting() as start:
        yield start


@pytest.fixture
def fresh(start: Start) -> Edge:
    """An edge of the test's own, whose origins it may stop, and whose counters begin at zero."""
    return start()


@pytest.fixture(scope="session")
def lasting() -> Iterator[Edge]:
    with starting() as start:
        yield start()


@pytest.fixture
def edge(lasting: Edge) -> Iterator[Edge]:
    """An edge that all tests use one after the other: it has kept nothing, and its origins are as they were."""
    for origin in (lasting.storefront, lasting.shopapi):
        origin.reset()
    lasting.http.cookies.clear()
    lasting.purge(ALL)
    yield lasting
    assert lasting.storefront.server, "a test that stops an origin takes an edge of its own"
    assert lasting.shopapi.server, "a test that stops an origin takes an edge of its own"


@pytest.fixture
def purger(nats_url: str) -> Iterator[Callable[[Edge], httpx2.Client]]:
    """Starts the purger of an edge; one that was deaf for a while makes up for it soon."""
    with ExitStack() as stack:

        def started(edge: Edge) -> httpx2.Client:
            port = free_port()
            settings = {
                "EDGE_HOST": "127.0.0.1",
                "EDGE_PORT": str(port),
                "EDGE_DIRECTORY": str(edge.directory),
                "EDGE_DEAF_SECONDS": "1.5",
            }
            with (edge.directory / "purger.log").open("wb") as log:
                process = stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, "-m", "edge"],
                        cwd=ROOT,
                        env=environ(NATS_URL=nats_url, **settings),
                        stdout=log,
                        stderr=log,
                    )
                )
            stack.callback(process.send_signal, signal.SIGTERM)
            http = stack.enter_context(httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, limits=NO_REUSE))
            _wait(http, "/readyz", process, edge.directory / "purger.log")
            return http

        yield started


def _wait(http: httpx2.Client, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return http.get(path).status_code == 200
        except httpx2.TransportError:
            return False

    eventually(answers, 60)


def value(http: httpx2.Client, series: str) -> float:
    """The value of a series at /metrics; 0 if it is not there."""
    lines = http.get("/metrics").text.splitlines()
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if line.rsplit(" ", 1)[0] == series), 0.0)
