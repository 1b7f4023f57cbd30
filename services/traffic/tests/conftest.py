"""A small shop on HTTPS: what the shop's public API promises, on a certificate of a CA of its own."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PRODUCT = {"sku": "enamel-mug", "name": "Mug", "description": "", "price": {"amount": 900, "currency": "EUR"}}


@dataclass
class Shop:
    """What it was asked, and how it misbehaves: `lose` answers to orders are lost after the order was taken on."""

    address: str = ""
    ca: Path = Path()
    baskets: dict[str, dict[str, int]] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    degraded: bool = False
    broken: bool = False
    lose: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self, status: int, body: Any, cookie: str = "") -> None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            if cookie:
                self.send_header("Set-Cookie", f"shop_session={cookie}; Path=/shop; Secure; HttpOnly")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _session(self) -> str:
            cookie = SimpleCookie(self.headers.get("Cookie", ""))
            return cookie["shop_session"].value if "shop_session" in cookie else str(uuid.uuid4())

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            shop.asked.append(("GET", path))
            if shop.broken:
                self._answer(503, {"title": "no"})
            elif path == "/shop/":
                self._answer(200, "<html></html>")
            elif path == "/shop/api/products":
                self._answer(200, {"products": [PRODUCT], "total": 1, "offset": 0, "degraded": shop.degraded})
            elif path.startswith("/shop/api/products/"):
                self._answer(200, PRODUCT)
            elif path == "/shop/api/stock":
                self._answer(200, {"stock": {"enamel-mug": 7}, "degraded": False})
            elif path == "/shop/api/basket":
                items = shop.baskets.get(self._session(), {})
                self._answer(200, {"items": [{"sku": sku, "quantity": n} for sku, n in items.items()]})
            elif path.startswith("/shop/api/orders/"):
                known = path.rpartition("/")[2] in shop.orders.values()
                self._answer(200 if known else 404, {"order_id": "x", "status": "confirmed"})
            else:
                self._answer(404, {})

        def do_PUT(self) -> None:
            shop.asked.append(("PUT", self.path))
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            session = self._session()
            shop.baskets.setdefault(session, {})[self.path.rpartition("/")[2]] = body["quantity"]
            self._answer(200, {"items": []}, session)

        def do_POST(self) -> None:
            shop.asked.append(("POST", self.path))
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with shop.lock:
                order = shop.orders.setdefault(body["idempotency_key"], str(uuid.uuid4()))
                lost, shop.lose = shop.lose > 0, max(0, shop.lose - 1)
            if lost:
                self._answer(503, {"title": "lost"})
                return
            self._answer(202, {"order_id": order, "status": "pending"})

    return Handler


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own CA, and its key."""
    directory = tmp_path_factory.mktemp("pki")
    ca, key = directory / "ca.crt", directory / "ca.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=shop", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(ca)], check=True, capture_output=True)
    return ca, key


@pytest.fixture
def shop(certificate: tuple[Path, Path]) -> Iterator[Shop]:
    """A shop that runs."""
    it = Shop(ca=certificate[0])
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(it))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    it.address = f"https://127.0.0.1:{server.server_port}/shop"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield it
    server.shutdown()
    server.server_close()
