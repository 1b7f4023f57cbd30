"""A stock on a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from shopkit.database import Database

from stock.adapters.postgres import PostgresStore


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    async with Database(database_url) as database:
        await database.migrate("shopkit")
        await database.migrate("stock")
        yield database


@pytest_asyncio.fixture
async def store(database: Database) -> PostgresStore:
    """Five mugs and three saws."""
    store = PostgresStore(database)
    await store.seed(["mug"], 5)
    await store.seed(["mug", "saw"], 3)
    return store
