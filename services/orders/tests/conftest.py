"""Real Postgres and NATS; a service made of them as `__main__` does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from samples import PATIENCE
from shopkit.database import Database
from shopkit.metrics import Metrics

from orders.adapters import postgres
from orders.adapters.postgres import PostgresStorage
from orders.application.ordering import Ordering
from orders.application.saga import Saga

pytest_plugins = ["shopkit.testing.plugin"]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, wait_seconds=60) as database:
        await PostgresStorage(database).migrate()
        yield database


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gives up on an idempotency key, however busy the machine."""
    monkeypatch.setattr(postgres, "_KEY_WAIT", "60s")


@pytest.fixture
def stored(database: Database) -> PostgresStorage:
    return PostgresStorage(database)


@pytest.fixture
def shop(stored: PostgresStorage) -> Ordering:
    """The use cases over Postgres."""
    return Ordering(stored, now, lambda: str(uuid4()), PATIENCE)


@pytest.fixture
def manager(stored: PostgresStorage) -> Saga:
    """The saga over Postgres."""
    return Saga(stored, now)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("orders")
