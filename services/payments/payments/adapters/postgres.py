"""Charges in Postgres; facts go out by the outbox of the same transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection
from shopkit import outbox
from shopkit.database import Database

from payments.adapters.events import event_of
from payments.domain.charges import Charge, Fact, Money, State


class PostgresStore:
    """Transactions on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, order_id: str) -> AsyncIterator[PostgresWork]:
        """One at a time for an order; an advisory lock, since the first has no row to lock yet."""
        async with self._database.transaction() as connection:
            await connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (order_id,))
            yield PostgresWork(connection)

    async def unanswered(self) -> dict[State, tuple[int, float]]:
        """Charges that the provider owes an answer: how many, and the age of the oldest in seconds."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                "select state, count(*), extract(epoch from now() - min(changed_at))::float from charges "
                "where state in ('pending', 'reversing') group by state"
            )
            found = {State(state): (count, age) for state, count, age in await rows.fetchall()}
        return {state: found.get(state, (0, 0.0)) for state in (State.PENDING, State.REVERSING)}


class PostgresWork:
    """One transaction on one order's charge."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def charge(self, order_id: str) -> Charge | None:
        rows = await self._connection.execute(
            "select state, amount, currency, charge_id::text, reason from charges where order_id = %s", (order_id,)
        )
        row = await rows.fetchone()
        if row is None:
            return None
        state, amount, currency, charge_id, reason = row
        return Charge(order_id, State(state), None if amount is None else Money(amount, currency), charge_id, reason)

    async def save(self, charge: Charge, facts: Sequence[Fact] = ()) -> None:
        amount, currency = (charge.amount.amount, charge.amount.currency) if charge.amount else (None, None)
        await self._connection.execute(
            "insert into charges (state, amount, currency, charge_id, reason, order_id) "
            "values (%s, %s, %s, %s, %s, %s) on conflict (order_id) do update set "
            "state = excluded.state, amount = excluded.amount, "
            "currency = excluded.currency, charge_id = excluded.charge_id, reason = excluded.reason, "
            "changed_at = now()",
            (charge.state, amount, currency, charge.charge_id, charge.reason, charge.order_id),
        )
        for fact in facts:
            await outbox.add(self._connection, event_of(fact))
