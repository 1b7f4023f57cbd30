"""AWS for tests: moto's server, asked over real HTTP; and faults on the way to it."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.aws.common import Client, connect
from botocore.stub import Stubber
from moto.server import ThreadedMotoServer

from .bench import REGION, Aws


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where moto's server listens."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def client(endpoint: str) -> Iterator[Client]:
    """A client of the server; making one reads the whole of the service's model, so one is enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
            patch.setenv(f"AWS_{name}", "test")
        yield connect("eks", REGION, endpoint)


@pytest.fixture
def aws(client: Client, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An empty account with a cluster `dev`; pauses take no time."""
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=10).close()
    with Aws(client, endpoint) as found:
        monkeypatch.setattr("time.sleep", found.slept)
        found.make_cluster()
        yield found


@pytest.fixture
def stubbed(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """A client whose answers are queued, and whose requests and answers are held against the service's model."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with Stubber(client) as stubber:
        yield stubber
