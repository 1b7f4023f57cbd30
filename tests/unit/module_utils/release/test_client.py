"""How long a request that is refused or lost is tried anew, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release import client as client_module
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError, UnreachableError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import Access

UNCALLED = 'Internal error occurred: failed calling webhook "validation.istio.io": context deadline exceeded'
BROKEN = "Internal error occurred: something else"

Serve = Callable[[str, int], Client]


@pytest.fixture
def refusing() -> Iterator[Serve]:
    """An impatient client of a server that answers so many times with status 500 and a message, then with 200."""
    servers: list[ThreadingHTTPServer] = []

    def serve(message: str, times: int) -> Client:
        left = iter(range(times))

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                refused = next(left, None) is not None
                body = json.dumps({"kind": "Status", "message": message} if refused else {"kind": "ConfigMap"}).encode()
                self.send_response(500 if refused else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        access = Access(Path("kubeconfig"), f"http://127.0.0.1:{server.server_port}", {}, {})
        return Client(access, retry_seconds=0.01)

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_webhook_that_cannot_be_called_is_given_time(refusing: Serve) -> None:
    assert refusing(UNCALLED, 2).get("/api/v1/namespaces/shop/configmaps/settings") == {"kind": "ConfigMap"}


def test_another_internal_error_is_given_only_the_clients_own_patience(refusing: Serve) -> None:
    with pytest.raises(ApiError, match="something else"):
        refusing(BROKEN, 2).get("/api/v1/namespaces/shop/configmaps/settings")


Hang = Callable[[int, float, int], Client]


@pytest.fixture
def hanging_up() -> Iterator[Hang]:
    """A client of a server that answers so many requests at once, then hangs up after some seconds so many times."""
    servers: list[socket.socket] = []

    def serve(answers: int, seconds: float, times: int) -> Client:
        listener = socket.create_server(("127.0.0.1", 0))
        servers.append(listener)
        lock, turns = threading.Lock(), iter(["together"] * answers + ["hang up"] * times)
        gate = threading.Barrier(max(1, answers))

        def talk(connection: socket.socket) -> None:
            with connection, connection.makefile("rwb") as stream:
                while stream.readline():
                    length = 0
                    while (line := stream.readline()).strip():
                        name, _, value = line.partition(b":")
                        length = int(value) if name.lower() == b"content-length" else length
                    stream.read(length)
                    with lock:
                        turn = next(turns, "")
                    if turn == "hang up":
                        time.sleep(seconds)
                        return
                    if turn == "together":
                        gate.wait(timeout=10)
                    stream.write(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"kind":"ConfigMap"}')
                    stream.flush()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        access = Access(Path("kubeconfig"), f"http://127.0.0.1:{listener.getsockname()[1]}", {}, {})
        return Client(access, retry_seconds=1.0)

    yield serve
    for server in servers:
        server.close()


PATH = "/api/v1/namespaces/shop/configmaps/settings"
APPLIED: dict[str, Any] = {"method": "PATCH", "path": PATH, "body": {}, "content_type": APPLY}


def test_an_apply_whose_connection_closed_without_an_answer_is_sent_again(hanging_up: Hang) -> None:
    assert hanging_up(0, 0.0, 2).request(**APPLIED) == (200, {"kind": "ConfigMap"})


def test_that_the_server_took_long_before_it_hung_up_takes_nothing_from_the_time_for_trying_anew(
    hanging_up: Hang,
) -> None:
    assert hanging_up(0, 1.2, 1).request(**APPLIED) == (200, {"kind": "ConfigMap"})


def test_kept_connections_that_the_server_closed_are_all_passed_over(
    hanging_up: Hang, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = hanging_up(8, 0.0, 8)
    with ThreadPoolExecutor(8) as pool:  # eight connections are open, and kept
        assert len(list(pool.map(lambda _: client.request(**APPLIED), range(8)))) == 8
    pauses: list[float] = []
    monkeypatch.setattr(client_module, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))
    assert client.request(**APPLIED)[0] == 200
    assert pauses == []  # nothing is wrong with the server


def test_a_server_that_only_hangs_up_is_given_up(hanging_up: Hang) -> None:
    with pytest.raises(UnreachableError, match="without an answer"):
        hanging_up(0, 0.0, 1000).request(**APPLIED)
