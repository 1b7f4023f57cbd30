"""What the provider has done, in an SQLite file: on disk before it is answered, so that no restart forgets a charge."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

_SCHEMA = """
create table if not exists charges (
    key text primary key,
    reference text not null,
    charge_id text unique,
    amount integer,
    currency text,
    status text not null check (status in ('charged', 'declined', 'refunded', 'voided')),
    reason text not null,
    asked integer not null default 1,
    created_at text not null,
    changed_at text not null
) strict
"""
_COLUMNS = "key, reference, charge_id, amount, currency, status, reason, asked, created_at, changed_at"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key came to: charged, declined, refunded, or voided (never to be charged). `asked`: how often."""

    key: str
    reference: str
    charge_id: str | None
    amount: int | None
    currency: str | None
    status: str
    reason: str
    asked: int
    created_at: str
    changed_at: str


class ReusedKeyError(ValueError):
    """The key was used for something else."""


class Ledger:
    """Charges by idempotency key. Its methods may be called from any thread."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # FULL: a machine that loses power must not forget what it answered.
        for pragma in ("journal_mode = wal", "synchronous = full", "busy_timeout = 5000"):
            self._connection.execute(f"pragma {pragma}")
        self._connection.execute(_SCHEMA)

    def charge(self, key: str, reference: str, amount: int, currency: str, declined: str = "") -> Entry:
        """Charge, or decline for a reason; a known key gets what it got before. Raises ReusedKeyError."""
        now = datetime.now(UTC).isoformat()
        status, charge_id = ("declined", None) if declined else ("charged", str(uuid4()))
        with self._lock:
            self._connection.execute(
                f"insert into charges ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, 1, ?, ?) "  # noqa: S608 - a constant
                "on conflict (key) do update set asked = asked + 1",
                (key, reference, charge_id, amount, currency, status, declined, now, now),
            )
            entry = self._entry(key)
        if entry.status != "voided" and (entry.reference, entry.amount, entry.currency) != (
            reference,
            amount,
            currency,
        ):
            raise ReusedKeyError(f"idempotency key {key} was used with another reference or amount: use a new one")
        return entry

    def reverse(self, key: str, reason: str) -> Entry:
        """Pay back what the key was charged, once; or void a key that was not, so that it never will be."""
        now = datetime.now(UTC).isoformat()
        with self._lock:
            self._connection.execute(
                f"insert into charges ({_COLUMNS}) values (?, ?, null, null, null, 'voided', ?, 1, ?, ?) "  # noqa: S608
                "on conflict (key) do update set asked = asked + 1, reason = excluded.reason, "
                "changed_at = excluded.changed_at, "
                "status = case status when 'charged' then 'refunded' else 'voided' end "
                "where status in ('charged', 'declined')",
                (key, key, reason, now, now),
            )
            return self._entry(key)

    def entries(self, reference: str | None = None) -> list[Entry]:
        """Everything, or what has this reference, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                f"select {_COLUMNS} from charges where ?1 is null or reference = ?1 order by rowid",  # noqa: S608
                (reference,),
            ).fetchall()
        return [Entry(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _entry(self, key: str) -> Entry:
        rows = self._connection.execute(f"select {_COLUMNS} from charges where key = ?", (key,))  # noqa: S608
        return Entry(*rows.fetchone())
