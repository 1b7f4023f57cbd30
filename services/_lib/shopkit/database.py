"""Postgres: a pool, transactions, and migrations that run once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from types import TracebackType
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection, sql
from psycopg.abc import RV, PQGen
from psycopg_pool import AsyncConnectionPool

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_LOCK = 7_023_512_001
"""Key of the advisory lock that one migrating process holds."""
_ANSWER_SECONDS = 10.0
"""Longest wait for one answer. Behind a sidecar the connection to a server whose machine died stays open for ever."""
_log = structlog.stdlib.get_logger("shopkit.database")


class MigrationError(RuntimeError):
    """A migration that cannot be run; names it and the remedy."""


class _Connection(AsyncConnection[Any]):
    """A connection that ends itself when the server gives no answer in time."""

    async def wait(self, gen: PQGen[RV], *arguments: Any, **options: Any) -> RV:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await super().wait(gen, *arguments, **options)
        except TimeoutError as error:
            await self.close()
            raise psycopg.OperationalError(f"the server gave no answer for {_ANSWER_SECONDS:g} s") from error


class Database:
    """A pool of connections. An async context manager opens and closes it; opening does not wait for the server."""

    def __init__(self, url: str, password: str = "", *, size: int = 10, wait_seconds: float = 5.0) -> None:
        self._url = url
        self._options: dict[str, Any] = {"connect_timeout": 3, "application_name": "shopkit"}
        if password:
            self._options["password"] = password
        self._wait_seconds = wait_seconds
        self._pool = AsyncConnectionPool(
            url,
            connection_class=_Connection,
            kwargs=self._options,
            min_size=1,
            max_size=size,
            open=False,
            timeout=wait_seconds,
            reconnect_timeout=0,
            check=AsyncConnectionPool.check_connection,
        )

    async def __aenter__(self) -> Database:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Begin to connect, in the background."""
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection whose work is committed at the end of the block, or undone by an exception.

        Raises psycopg.OperationalError when none is to be had in time.
        """
        async with self._pool.connection() as connection:
            yield connection

    async def ready(self) -> bool:
        """Whether the database answers now, within a second."""
        try:
            async with self._pool.connection(timeout=1) as connection:
                await connection.execute("select 1")
        except psycopg.Error:
            return False
        return True

    async def migrate(self, package: str) -> list[str]:
        """Run the package's `migrations/NNNN_name.sql` that have not run yet, in order; return their names.

        All in one transaction that holds a lock, so that of many processes one migrates and the others wait.
        Raises MigrationError, psycopg.Error.
        """
        scripts = _scripts(package)
        done: list[str] = []
        async with self.transaction() as connection:
            await connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
            await connection.execute(
                "create table if not exists migrations (package text, name text, "
                "run_at timestamptz not null default now(), primary key (package, name))"
            )
            rows = await connection.execute("select name from migrations where package = %s", (package,))
            old = {name for (name,) in await rows.fetchall()}
            if gone := sorted(old - scripts.keys()):
                raise MigrationError(f"{package}: migration {gone[0]} has run but is not here: run a newer version")
            for name, text in scripts.items():
                if name in old:
                    continue
                try:
                    await connection.execute(text.encode())
                except psycopg.Error as error:
                    raise MigrationError(f"{package}: migration {name} failed: {error}") from error
                await connection.execute("insert into migrations (package, name) values (%s, %s)", (package, name))
                done.append(name)
        if done:
            _log.info("migrated", package=package, migrations=done)
        return done

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection of its own, in autocommit, that listens to the channel: see `AsyncConnection.notifies`."""
        connection = await _Connection.connect(self._url, autocommit=True, **self._options)
        async with connection:
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            yield connection


def _scripts(package: str) -> dict[str, str]:
    """The package's migrations by name, in order."""
    found = {
        file.name: file.read_text(encoding="utf-8")
        for file in files(package).joinpath("migrations").iterdir()
        if file.name.endswith(".sql")
    }
    numbers: set[str] = set()
    for name in found:
        match = _NAME.fullmatch(name)
        if match is None or match[1] in numbers:
            raise MigrationError(f"{package}: {name}: name it NNNN_words.sql, each number once")
        numbers.add(match[1])
    return dict(sorted(found.items()))
