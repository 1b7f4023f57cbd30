"""Real Postgres and NATS."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from shopkit.broker import Broker
from shopkit.database import Database
from shopkit.metrics import Metrics

from orderview.adapters.events import StreamLog
from orderview.adapters.postgres import PostgresView
from orderview.application.projecting import Projector, Rebuilder
from orderview.application.queries import Queries

pytest_plugins = ["shopkit.testing.plugin"]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, wait_seconds=60) as database:
        await PostgresView(database).migrate()
        yield database


@pytest.fixture
def stored(database: Database) -> PostgresView:
    return PostgresView(database)


@pytest.fixture
def projector(stored: PostgresView) -> Projector:
    return Projector(stored)


@pytest.fixture
def queries(stored: PostgresView) -> Queries:
    return Queries(stored)


@pytest.fixture
def rebuilder(stored: PostgresView, broker: Broker) -> Rebuilder:
    return Rebuilder(stored, stored, StreamLog(broker))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("orderview")
