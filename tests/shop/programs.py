"""Programs that read the shop's stores in place, each printing one JSON, and the facts that they add up to.

Each runs with the environment and the access of the service that owns the store. The standard library alone here: so it
serves wherever the shop runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.shop.facts import Charge, Event, Facts, Level, Mail, Order, Reservation

ROWS = """
import json, os, sys
import psycopg
from psycopg.rows import dict_row
from shopkit.settings import database
store = database(os.environ)
with psycopg.connect(store.url, password=store.password or None, row_factory=dict_row) as connection:
    connection.read_only = True
    found, values = {}, {}
    for name, query in json.loads(sys.argv[1]).items():
        found[name] = connection.execute(query.format(**values)).fetchall()
        if len(found[name]) == 1:
            values[name] = next(iter(found[name][0].values()))
    print(json.dumps(found, default=str))
"""
"""Rows of queries (argument 1: name to SQL) of the pod's own database; `{name}` is what an earlier one found alone."""

STREAM = """
import asyncio, json, os
import nats
from nats.js.errors import NotFoundError
from shopkit.settings import nats as settings

async def main():
    access = settings(os.environ)
    inbox = f"_INBOX.{access.user}" if access.user else "_INBOX"
    client = await nats.connect(
        access.url, user=access.user or None, password=access.password or None, inbox_prefix=inbox
    )
    stream = client.jetstream(timeout=10)
    events, dead = [], {}
    try:
        left = (await stream.stream_info("SHOP")).state.messages
        messages = await stream.subscribe("shop.>", stream="SHOP", ordered_consumer=True) if left else None
        for _ in range(left):
            event = json.loads((await messages.next_msg(timeout=20)).data)
            events.append([event["id"], event["type"], event["subject"]])
        subjects = (await stream.stream_info("DEAD", subjects_filter=">")).state.subjects or {}
        dead = {subject.removeprefix("dead."): count for subject, count in subjects.items()}
    except NotFoundError:
        pass
    await client.close()
    print(json.dumps({"events": events, "dead": dead}))

asyncio.run(main())
"""
"""Every event of the stream, and how many dead letters each consumer has; by a service that may look on (`follow`)."""

FETCH = """
import sys, urllib.request
with urllib.request.urlopen("http://127.0.0.1:8080" + sys.argv[1], timeout=30) as answer:
    print(answer.read().decode())
"""
"""A page of the pod's own."""

UNSENT = "select count(*) as unsent from outbox where sent_at is null"
QUERIES = {
    "orders": {"rows": "select order_id, status, lines from orders", "unsent": UNSENT},
    "payments": {"rows": "select order_id, state, amount, charge_id from charges", "unsent": UNSENT},
    "stock": {
        "levels": "select sku, available, reserved, sold from levels",
        "rows": "select order_id, state, lines from reservations",
        "unsent": UNSENT,
    },
    "notifications": {"rows": "select order_id, kind, delivery from mails", "unsent": UNSENT},
    "orderview": {
        "generation": "select number from generations where state = 'live'",
        "rows": "select order_id, status from orders_{generation}",
    },
}


def assemble(found: Mapping[str, Any]) -> Facts:
    """Facts from what the programs printed."""
    return Facts(
        events=[Event(*each) for each in found["stream"]["events"]],
        orders=[_order(row) for row in found["orders"]["rows"]],
        provider=[
            Charge(row["reference"], row["status"], row["amount"], row["charge_id"])
            for row in found["provider"]["charges"]
        ],
        payments=[
            Charge(row["order_id"], row["state"], row["amount"], row["charge_id"]) for row in found["payments"]["rows"]
        ],
        levels=[Level(row["sku"], row["available"], row["reserved"], row["sold"]) for row in found["stock"]["levels"]],
        reservations=[
            Reservation(row["order_id"], row["state"], dict(row["lines"] or ())) for row in found["stock"]["rows"]
        ],
        views={row["order_id"]: row["status"] for row in found["orderview"]["rows"]},
        mails=[
            Mail(row["kind"], row["order_id"]) for row in found["notifications"]["rows"] if row["delivery"] == "sent"
        ],
        copies=found["sink"]["copies"],
        unsent={
            name: int(rows["unsent"][0]["unsent"])
            for name, rows in found.items()
            if isinstance(rows, Mapping) and "unsent" in rows
        },
        dead=found["stream"]["dead"],
    )


def _order(row: Mapping[str, Any]) -> Order:
    total = sum(line["quantity"] * line["unit_price"]["amount"] for line in row["lines"])
    return Order(row["order_id"], row["status"], total, _pieces(row["lines"]))


def _pieces(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    pieces: dict[str, int] = {}
    for line in lines:
        pieces[line["sku"]] = pieces.get(line["sku"], 0) + int(line["quantity"])
    return pieces
