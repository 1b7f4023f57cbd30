"""pytest plugin: `pytest_plugins = ["shopkit.testing.plugin"]` in conftest.py.

`database_url`, `broker`, `redis_url` and `nats_url` are a test's own: an empty database, empty streams, an empty Redis.
`postgres_server`, `nats_server` and `redis_server` can be stopped and started in a test that restores them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from psycopg import sql
from redis import Redis

from shopkit.broker import DEAD, STREAM, Broker
from shopkit.testing import programs
from shopkit.testing.collector import Collector, collecting
from shopkit.testing.programs import Program

# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile(
    "shop", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("shop")


@contextmanager
def running(make: Callable[[Path], Program]) -> Iterator[Program]:
    """The program in a directory of its own, ended and removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="shopkit-"))
    try:
        server = make(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Program]:
    with running(programs.postgres) as server:
        yield server


@pytest.fixture(scope="session")
def nats_server() -> Iterator[Program]:
    with running(programs.nats) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Program]:
    with running(programs.redis) as server:
        yield server


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Takes spans."""
    with collecting() as collector:
        yield collector


@pytest.fixture
def database_url(postgres_server: Program) -> Iterator[str]:
    """An empty database."""
    url = f"postgresql://postgres@127.0.0.1:{postgres_server.port}"
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    yield f"{url}/{name}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@pytest_asyncio.fixture
async def nats_url(nats_server: Program) -> str:
    """A NATS without streams."""
    url = f"nats://127.0.0.1:{nats_server.port}"
    client = Client()
    await client.connect(url, connect_timeout=5)
    for stream in (STREAM, DEAD):
        with suppress(NotFoundError):
            await client.jetstream().delete_stream(stream)
    await client.close()
    return url


@pytest_asyncio.fixture
async def broker(nats_url: str) -> AsyncIterator[Broker]:
    """A connected broker with empty streams."""
    async with Broker(nats_url, "", "", "test") as broker:
        await broker.connect()
        yield broker


@pytest_asyncio.fixture
async def impatient(nats_url: str) -> AsyncIterator[Broker]:
    """Another connected broker, whose consumers miss what was taken and not acknowledged after a second."""
    async with Broker(nats_url, "", "", "impatient", ack_wait=1) as broker:
        await broker.connect()
        yield broker


@pytest.fixture
def redis_url(redis_server: Program) -> str:
    """An empty Redis, database 1."""
    url = f"redis://127.0.0.1:{redis_server.port}/1"
    with Redis.from_url(url) as client:
        client.flushall()
    return url
