"""The real things: a migrated Postgres, a provider as a process of its own, the payments as one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from processes import Payments, Provider
from shopkit.database import Database

from payments.adapters.postgres import PostgresStore


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    """A store on a migrated database."""
    async with Database(database_url) as database:
        await database.migrate("shopkit")
        await database.migrate("payments")
        yield PostgresStore(database)


@pytest_asyncio.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A running provider whose ledger is a file."""
    process = Provider(tmp_path / "ledger.sqlite")
    async with process:
        yield process


@pytest_asyncio.fixture
async def payments(database_url: str, nats_url: str, provider: Provider) -> AsyncIterator[Payments]:
    """The running payments, impatient."""
    process = Payments(database_url, nats_url, provider.url, {})
    async with process:
        yield process
