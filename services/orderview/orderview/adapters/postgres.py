"""Generations of the view in Postgres: written, read, begun and swapped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from psycopg import AsyncConnection, errors, sql
from psycopg.rows import DictRow, class_row, dict_row
from psycopg.types.json import Jsonb
from shopkit.database import Database

from orderview.adapters import rows
from orderview.application.ports import Generation, GenerationLostError, Place, RebuildRunningError
from orderview.domain.view import Entry, View

LEASE: Final = "60 seconds"
"""A generation in the making that was not written to for so long is abandoned."""


def _table(name: str, generation: int) -> sql.Identifier:
    return sql.Identifier(f"{name}_{generation}")


class PostgresTables:
    """One generation, within a transaction."""

    def __init__(self, connection: AsyncConnection[Any], generation: int) -> None:
        self._connection = connection
        self._orders = _table("orders", generation)
        self._history = _table("history", generation)

    async def merge(self, views: Iterable[View], entries: Iterable[Entry]) -> None:
        """Join the views under a lock of their rows, then add what is new to the history."""
        columns = [sql.Identifier(name) for name in rows.COLUMNS]
        insert = sql.SQL("insert into {} ({}) values ({}) on conflict do nothing").format(
            self._orders, sql.SQL(", ").join(columns), sql.SQL(", ").join(map(sql.Placeholder, rows.COLUMNS))
        )
        select = sql.SQL("select * from {} where order_id = %s for update").format(self._orders)
        update = sql.SQL("update {} set ({}) = row({}) where order_id = %(order_id)s").format(
            self._orders, sql.SQL(", ").join(columns), sql.SQL(", ").join(map(sql.Placeholder, rows.COLUMNS))
        )
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            for view in views:
                await cursor.execute(insert, rows.row(view))
                if cursor.rowcount == 1:
                    continue
                await cursor.execute(select, (view.order_id,))
                known = rows.view(_one(await cursor.fetchone()))
                if (joined := known.join(view)) != known:
                    await cursor.execute(update, rows.row(joined))
            await cursor.executemany(
                sql.SQL(
                    "insert into {} (event_id, order_id, type, time, detail) values (%s, %s, %s, %s, %s) "
                    "on conflict do nothing"
                ).format(self._history),
                [(entry.event_id, entry.order_id, entry.type, entry.time, Jsonb(entry.detail)) for entry in entries],
            )


class PostgresView:
    """The view in a database of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def migrate(self) -> None:
        """Make or update the tables."""
        await self._database.migrate("orderview")

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[Sequence[PostgresTables]]:
        """The live generation and the one being built. Neither is dropped meanwhile."""
        async with self._database.transaction() as connection:
            found = await connection.execute(
                "select number from generations where state in ('live', 'building') order by number for key share"
            )
            yield [PostgresTables(connection, number) for (number,) in await found.fetchall()]

    @asynccontextmanager
    async def one(self, generation: int) -> AsyncIterator[PostgresTables]:
        """A generation being built, its lease renewed."""
        async with self._database.transaction() as connection:
            beat = await connection.execute(
                "update generations set beat_at = now() where number = %s and state = 'building'", (generation,)
            )
            if beat.rowcount == 0:
                raise GenerationLostError(f"generation {generation} was given up: it took longer than {LEASE} a batch")
            yield PostgresTables(connection, generation)

    async def begin(self) -> int:
        """Make an empty generation that follows from now on; drop old and abandoned ones."""
        try:
            async with self._database.transaction() as connection:
                gone = await connection.execute(
                    "delete from generations where state = 'old' "
                    "or (state = 'building' and beat_at < now() - %s::interval) returning number",
                    (LEASE,),
                )
                for (number,) in await gone.fetchall():
                    await _drop(connection, number)
                made = await connection.execute("insert into generations (state) values ('building') returning number")
                [generation] = await made.fetchone() or (0,)
                for name in ("orders", "history"):
                    await connection.execute(
                        sql.SQL("create table {} (like {} including all)").format(
                            _table(name, generation), sql.Identifier(f"{name}_shape")
                        )
                    )
        except errors.UniqueViolation:
            raise RebuildRunningError("the view is being built anew already: wait until it is live") from None
        return int(generation)

    async def swap(self, generation: int) -> None:
        """Let it answer from now on."""
        async with self._database.transaction() as connection:
            await connection.execute("update generations set state = 'old' where state = 'live'")
            done = await connection.execute(
                "update generations set state = 'live', live_at = now() where number = %s and state = 'building'",
                (generation,),
            )
            if done.rowcount == 0:
                raise GenerationLostError(f"generation {generation} was given up")

    async def abandon(self, generation: int) -> None:
        """Drop one that will not be finished."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                "delete from generations where number = %s and state = 'building'", (generation,)
            )
            if gone.rowcount == 1:
                await _drop(connection, generation)

    async def all(self) -> list[Generation]:
        """Every generation, oldest first."""
        async with (
            self._database.transaction() as connection,
            connection.cursor(row_factory=class_row(Generation)) as cursor,
        ):
            await cursor.execute("select number, state, began_at, live_at from generations order by number")
            return await cursor.fetchall()

    async def orders(self, customer_id: str, after: Place | None, limit: int) -> list[View]:
        """A customer's orders, newest first."""
        async with self._live() as (cursor, generation):
            behind = sql.SQL("and (placed_at, order_id) < (%(placed_at)s, %(order_id)s)") if after else sql.SQL("")
            await cursor.execute(
                sql.SQL(
                    "select * from {} where customer_id = %(customer)s and placed_at is not null {} "
                    "order by placed_at desc, order_id desc limit %(limit)s"
                ).format(_table("orders", generation), behind),
                {
                    "customer": customer_id,
                    "limit": limit,
                    "placed_at": after and after.placed_at,
                    "order_id": after and after.order_id,
                },
            )
            return [rows.view(row) for row in await cursor.fetchall()]

    async def order(self, order_id: str) -> tuple[View, list[Entry]] | None:
        """An order with its history by time."""
        async with self._live() as (cursor, generation):
            await cursor.execute(
                sql.SQL("select * from {} where order_id = %s and placed_at is not null").format(
                    _table("orders", generation)
                ),
                (order_id,),
            )
            row = await cursor.fetchone()
            if row is None:
                return None
            await cursor.execute(
                sql.SQL("select * from {} where order_id = %s order by time, event_id").format(
                    _table("history", generation)
                ),
                (order_id,),
            )
            return rows.view(row), [rows.entry(each) for each in await cursor.fetchall()]

    @asynccontextmanager
    async def _live(self) -> AsyncIterator[tuple[Any, int]]:
        """A cursor, and the generation that answers."""
        async with self._database.transaction() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("select number from generations where state = 'live'")
            yield cursor, int(_one(await cursor.fetchone())["number"])


def _one(row: DictRow | None) -> DictRow:
    """A row that is there."""
    if row is None:
        raise LookupError("a row that was there is gone")
    return row


async def _drop(connection: AsyncConnection[Any], generation: int) -> None:
    for name in ("orders", "history"):
        await connection.execute(sql.SQL("drop table if exists {}").format(_table(name, generation)))
