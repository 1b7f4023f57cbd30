"""Levels and reservations in Postgres; facts go out by the outbox of the same transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import psycopg
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from shopkit import inbox, outbox
from shopkit.database import Database

from stock.adapters.events import SERVICE, event_of
from stock.application.ports import ConflictError
from stock.domain.levels import Level
from stock.domain.reservations import Change, Line, Reservation, State


class PostgresStore:
    """Transactions on a database, read committed: versions and states, stated at every write, do the rest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresWork]:
        try:
            async with self._database.transaction() as connection:
                yield PostgresWork(connection)
        except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as error:
            raise ConflictError(str(error)) from error

    async def seed(self, skus: Iterable[str], quantity: int) -> None:
        """Give every SKU that has no level yet this many pieces."""
        async with self._database.transaction() as connection, connection.cursor() as cursor:
            await cursor.executemany(
                "insert into levels (sku, available, reserved, sold, version) values (%s, %s, 0, 0, 1) "
                "on conflict do nothing",
                [(sku, quantity) for sku in sorted(skus)],
            )

    async def all(self) -> list[Level]:
        """Every level, by SKU."""
        async with self._database.transaction() as connection:
            rows = await connection.execute("select sku, available, reserved, sold, version from levels order by sku")
            return [Level(*row) for row in await rows.fetchall()]


class PostgresWork:
    """One transaction. Rows are written in one order (inbox, reservation, levels by SKU), so that nobody deadlocks."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def first_time(self, cause: str) -> bool:
        try:
            number = UUID(cause)
        except ValueError:
            number = uuid5(NAMESPACE_OID, cause)
        return await inbox.first_time(self._connection, SERVICE, str(number))

    async def levels(self, skus: Iterable[str]) -> dict[str, Level]:
        rows = await self._connection.execute(
            "select sku, available, reserved, sold, version from levels where sku = any(%s)", (list(skus),)
        )
        return {row[0]: Level(*row) for row in await rows.fetchall()}

    async def reservation(self, order_id: str) -> Reservation | None:
        rows = await self._connection.execute("select state, lines from reservations where order_id = %s", (order_id,))
        row = await rows.fetchone()
        if row is None:
            return None
        return Reservation(order_id, State(row[0]), tuple(Line(sku, quantity) for sku, quantity in row[1]))

    async def apply(self, change: Change) -> None:
        reservation = change.reservation
        if change.before is None:
            done = await self._connection.execute(
                "insert into reservations (order_id, state, lines) values (%s, %s, %s) on conflict do nothing",
                (
                    reservation.order_id,
                    reservation.state,
                    Jsonb([[line.sku, line.quantity] for line in reservation.lines]),
                ),
            )
        else:
            done = await self._connection.execute(
                "update reservations set state = %s, changed_at = now() where order_id = %s and state = %s",
                (reservation.state, reservation.order_id, change.before),
            )
        if done.rowcount != 1:
            raise ConflictError(f"the reservation of order {reservation.order_id} moved")
        for level in change.levels:
            await self.save(level)
        if change.fact:
            await outbox.add(self._connection, event_of(change.fact))

    async def save(self, level: Level) -> None:
        values = (level.available, level.reserved, level.sold, level.sku)
        if level.version == 0:
            done = await self._connection.execute(
                "insert into levels (available, reserved, sold, sku, version) values (%s, %s, %s, %s, 1) "
                "on conflict do nothing",
                values,
            )
        else:
            done = await self._connection.execute(
                "update levels set available = %s, reserved = %s, sold = %s, version = version + 1 "
                "where sku = %s and version = %s",
                (*values, level.version),
            )
        if done.rowcount != 1:
            raise ConflictError(f"the level of {level.sku} moved")
