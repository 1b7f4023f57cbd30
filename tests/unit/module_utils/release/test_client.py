"""How long a refused request is tried anew, over real sockets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError
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
