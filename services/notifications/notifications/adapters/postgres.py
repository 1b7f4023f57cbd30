"""Recipients and mails in Postgres; what was sent is told by the outbox of the same transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from shopkit import outbox
from shopkit.database import Database

from notifications.adapters.events import sent
from notifications.application.ports import Delivery
from notifications.domain.mails import Kind, Mail


class PostgresStore:
    """Transactions on a database. Who takes a mail in hand has `claim_seconds` to send it."""

    def __init__(self, database: Database, claim_seconds: float) -> None:
        self._database = database
        self._claim_seconds = claim_seconds

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresWork]:
        async with self._database.transaction() as connection:
            yield PostgresWork(connection, self._claim_seconds)


class PostgresWork:
    """One transaction."""

    def __init__(self, connection: AsyncConnection[Any], claim_seconds: float) -> None:
        self._connection = connection
        self._claim_seconds = claim_seconds

    async def remember(self, order_id: str, recipient: str) -> None:
        await self._connection.execute(
            "insert into recipients (order_id, recipient) values (%s, %s) on conflict do nothing", (order_id, recipient)
        )

    async def recipient(self, order_id: str) -> str | None:
        rows = await self._connection.execute("select recipient from recipients where order_id = %s", (order_id,))
        row = await rows.fetchone()
        return str(row[0]) if row else None

    async def claim(self, order_id: str, kind: Kind) -> Delivery | None:
        claimed = await self._connection.execute(
            "insert into mails as m (order_id, kind, delivery, claimed_until) "
            "values (%s, %s, 'pending', clock_timestamp() + make_interval(secs => %s)) "
            "on conflict (order_id, kind) do update set claimed_until = excluded.claimed_until "
            "where m.delivery = 'pending' and m.claimed_until < clock_timestamp()",
            (order_id, kind, self._claim_seconds),
        )
        if claimed.rowcount == 1:
            return Delivery.PENDING
        rows = await self._connection.execute(
            "select delivery from mails where order_id = %s and kind = %s", (order_id, kind)
        )
        row = await rows.fetchone()
        return None if row is None or row[0] == Delivery.PENDING else Delivery(row[0])

    async def done(self, order_id: str, kind: Kind, delivery: Delivery, mail: Mail) -> None:
        changed = await self._connection.execute(
            "update mails set delivery = %s, message_id = %s, changed_at = now() "
            "where order_id = %s and kind = %s and delivery = 'pending'",
            (delivery, mail.message_id, order_id, kind),
        )
        # Another may have sent it as well once our claim had ended; it is told once.
        if delivery is Delivery.SENT and changed.rowcount == 1:
            await outbox.add(self._connection, sent(order_id, kind, mail.recipient))

    async def give_back(self, order_id: str, kind: Kind) -> None:
        await self._connection.execute(
            "update mails set claimed_until = '-infinity' where order_id = %s and kind = %s and delivery = 'pending'",
            (order_id, kind),
        )
