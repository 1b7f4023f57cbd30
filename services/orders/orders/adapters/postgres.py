"""Storage in Postgres: an order, its idempotency key, what was heard and what is to be told, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection, errors
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from shopkit import inbox, outbox
from shopkit.database import Database

from orders.adapters.events import SOURCE, line, published
from orders.application.ports import Claim, ConcurrentChangeError, KeyInProgressError
from orders.domain.messages import Event
from orders.domain.order import Order, Status
from orders.domain.values import Line, Money

PACKAGES: Final = ("shopkit", "orders")
"""Whose migrations make the database."""
_KEY_WAIT: Final = "2s"
_KEEP: Final = "7 days"


class PostgresWork:
    """One transaction."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def claim(self, claim: Claim) -> Claim | None:
        """Take the key, or wait for who is taking it, two seconds at most."""
        try:
            await self._connection.execute(f"set local lock_timeout = '{_KEY_WAIT}'".encode())
            taken = await self._connection.execute(
                "insert into idempotency_keys (customer_id, key, fingerprint, order_id) values (%s, %s, %s, %s) "
                "on conflict do nothing",
                (claim.customer_id, claim.key, claim.fingerprint, claim.order_id),
            )
        except errors.LockNotAvailable:
            raise KeyInProgressError(f"a request with Idempotency-Key {claim.key!r} is still under way") from None
        if taken.rowcount == 1:
            return None
        rows = await self._connection.execute(
            "select fingerprint, order_id from idempotency_keys where customer_id = %s and key = %s",
            (claim.customer_id, claim.key),
        )
        row = await rows.fetchone()
        if row is None:  # swept between the two statements
            raise KeyInProgressError(f"Idempotency-Key {claim.key!r} is being forgotten: try again")
        return Claim(claim.customer_id, claim.key, row[0], str(row[1]))

    async def add(self, order: Order) -> None:
        """Store a new order."""
        await self._connection.execute(
            "insert into orders (order_id, customer_id, email, lines, payment_token, placed_at, deadline, updated_at, "
            "status, paid, reason, version) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                order.order_id,
                order.customer_id,
                order.email,
                Jsonb([line(each) for each in order.lines]),
                order.payment_token,
                order.placed_at,
                order.deadline,
                order.updated_at,
                order.status,
                order.paid,
                order.reason,
                order.version,
            ),
        )

    async def get(self, order_id: str) -> Order | None:
        """An order as it stands."""
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute("select * from orders where order_id = %s", (order_id,))
            row = await cursor.fetchone()
        return None if row is None else _order(row)

    async def save(self, order: Order) -> None:
        """Store what can change, if nobody else has changed it meanwhile."""
        done = await self._connection.execute(
            "update orders set status = %s, paid = %s, reason = %s, updated_at = %s, version = version + 1 "
            "where order_id = %s and version = %s",
            (order.status, order.paid, order.reason, order.updated_at, order.order_id, order.version),
        )
        if done.rowcount == 0:
            raise ConcurrentChangeError(f"order {order.order_id} is past version {order.version}")

    async def tell(self, event: Event) -> None:
        """Leave it in the outbox."""
        await outbox.add(self._connection, published(event))

    async def first_time(self, event_id: str) -> bool:
        """Ask the inbox."""
        return await inbox.first_time(self._connection, SOURCE, event_id)


class PostgresStorage:
    """Orders in a database of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def migrate(self) -> None:
        """Make or update the tables."""
        for package in PACKAGES:
            await self._database.migrate(package)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[PostgresWork]:
        """A transaction."""
        async with self._database.transaction() as connection:
            yield PostgresWork(connection)

    async def overdue(self, at: datetime, limit: int) -> list[str]:
        """Ids of open orders whose deadline has passed, oldest first."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                "select order_id from orders where status in ('pending', 'reserved') and deadline <= %s "
                "order by deadline limit %s",
                (at, limit),
            )
            return [str(order_id) for (order_id,) in await rows.fetchall()]

    async def open_orders(self) -> int:
        """How many orders have not reached their end."""
        async with self._database.transaction() as connection:
            rows = await connection.execute("select count(*) from orders where status in ('pending', 'reserved')")
            [count] = await rows.fetchone() or (0,)
            return int(count)

    async def forget_keys(self) -> None:
        """Drop idempotency keys that nobody will send again."""
        async with self._database.transaction() as connection:
            await connection.execute("delete from idempotency_keys where created_at < now() - %s::interval", (_KEEP,))


def _order(row: Mapping[str, Any]) -> Order:
    lines = tuple(Line(each["sku"], each["quantity"], Money(**each["unit_price"])) for each in row["lines"])
    known = {**row, "order_id": str(row["order_id"]), "lines": lines, "status": Status(row["status"])}
    return Order(**known)
