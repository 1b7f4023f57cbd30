"""Collects facts from a shop that runs: each store is read in a pod of the service that owns it, with its own access.

So no password leaves the cluster, and no rule of network or mesh has to be loosened. Every program prints one JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError

from tests.shop.facts import Charge, Event, Facts, Level, Mail, Order, Reservation

SECONDS = 60.0
"""Seconds that one program may take."""

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
    "notifications": {"unsent": UNSENT},
    "orderview": {
        "generation": "select number from generations where state = 'live'",
        "rows": "select order_id, status from orders_{generation}",
    },
}


class CollectError(Exception):
    """A store could not be read; names it and what was said."""


@dataclass(frozen=True)
class Shop:
    """The shop of one cluster."""

    kubeconfig: Path
    namespace: str = "shop"

    def facts(self) -> Facts:
        """Everything, read at about one time. Raises CollectError."""
        programs: dict[str, Callable[[], Any]] = {
            **{service: self._rows(service, queries) for service, queries in QUERIES.items()},
            "stream": lambda: self._run("catalog", STREAM),
            "provider": lambda: self._run("payment-provider", FETCH, "/charges"),
            "sink": lambda: self._run("mail-sink", FETCH, "/mails"),
        }
        with ThreadPoolExecutor(len(programs)) as pool:
            running = {name: pool.submit(program) for name, program in programs.items()}
            return assemble({name: future.result() for name, future in running.items()})

    def settled(self, within: float, pause: float = 3.0) -> Facts:
        """The facts as soon as nothing is under way, or as they are after ``within`` seconds."""
        deadline = time.monotonic() + within
        while not (facts := self.facts()).settled and time.monotonic() < deadline:
            time.sleep(pause)
        return facts

    def _rows(self, service: str, queries: Mapping[str, str]) -> Callable[[], Any]:
        return lambda: self._run(service, ROWS, json.dumps(queries))

    def _run(self, service: str, program: str, *arguments: str) -> Any:
        cluster = Cluster(self.kubeconfig, SECONDS)
        try:
            pods = [p for p in cluster.pods(self.namespace, f"app.kubernetes.io/name={service}") if p.ready]
            if not pods:
                raise CollectError(f"{service}: no pod is ready in namespace {self.namespace}; is shop_enabled true?")
            container = next(name for name in pods[0].containers if name != "istio-proxy")
            out = cluster.run(pods[0], container, ["python3", "-c", program, *arguments])
        except ClusterError as error:
            raise CollectError(f"{service}: {error}") from error
        if out.code:
            raise CollectError(f"{service}: {out.text[-800:]}")
        try:
            return json.loads(out.stdout)
        except ValueError as error:
            raise CollectError(f"{service}: what it printed is no JSON: {out.stdout[:300]!r}") from error


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
            Reservation(row["order_id"], row["state"], _pieces(row["lines"] or ())) for row in found["stock"]["rows"]
        ],
        views={row["order_id"]: row["status"] for row in found["orderview"]["rows"]},
        mails=[Mail(row["message_id"]) for row in found["sink"]["mails"]],
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
