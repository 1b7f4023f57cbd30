"""The real things: a migrated Postgres, a sink as a process of its own, the notifications as one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from processes import NotificationsProcess, SinkProcess
from shopkit.database import Database

from notifications.adapters.postgres import PostgresStore


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    async with Database(database_url) as database:
        await database.migrate("shopkit")
        await database.migrate("notifications")
        yield database


@pytest_asyncio.fixture
async def store(database: Database) -> PostgresStore:
    """A store whose claims end after half a second."""
    return PostgresStore(database, claim_seconds=0.5)


@pytest_asyncio.fixture
async def sink() -> AsyncIterator[SinkProcess]:
    """A running sink."""
    process = SinkProcess()
    async with process:
        yield process


@pytest_asyncio.fixture
async def notifications(database_url: str, nats_url: str, sink: SinkProcess) -> AsyncIterator[NotificationsProcess]:
    """The running notifications."""
    process = NotificationsProcess(database_url, nats_url, sink.smtp_port)
    async with process:
        yield process
