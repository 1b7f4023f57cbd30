"""Effects once: an event's id is kept in the transaction of its effect."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection


async def first_time(connection: AsyncConnection[Any], consumer: str, event_id: str) -> bool:
    """Whether the consumer sees this event for the first time; a second one waits for the first to commit or fail."""
    done = await connection.execute(
        "insert into inbox (consumer, event_id) values (%s, %s) on conflict do nothing", (consumer, event_id)
    )
    return done.rowcount == 1
