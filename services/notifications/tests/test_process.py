"""The real notifications, sink, Postgres and NATS: a mail goes out once, whatever fails."""

from __future__ import annotations

import asyncio
import json
import signal
import tomllib
from uuid import uuid4

import pytest
from processes import ROOT, NotificationsProcess, SinkProcess, cancelled, confirmed, refunded
from shopkit.broker import Broker
from shopkit.events import Event
from shopkit.testing.service import eventually, listening, run

from notifications import __version__


async def test_killed_midway_a_mail_is_seen_once(
    notifications: NotificationsProcess, sink: SinkProcess, broker: Broker
) -> None:
    told: dict[str, Event] = {}

    async def hear(event: Event) -> None:
        told[event.id] = event

    orders = {str(uuid4()): f"customer{number}@example.org" for number in range(24)}
    async with listening(broker.consume("test", ["notifications.mail-sent.v1"], hear)):
        for order, email in orders.items():
            await broker.publish(confirmed(order, email))
        await eventually(lambda: asyncio.sleep(0, len(told) >= 3))
        notifications.end(signal.SIGKILL)
        for order, email in orders.items():
            await broker.publish(confirmed(order, email))  # the same, told again
        await notifications.start()
        await eventually(lambda: asyncio.sleep(0, len(told) >= len(orders)), 100)

        async def handled() -> bool:
            return await broker.pending("notifications") == 0

        await eventually(handled, 100)
    said = await sink.mails()
    assert sorted(mail["to"] for mail in said["mails"]) == sorted([email] for email in orders.values())
    assert said["copies"] <= 4, "more copies than mails were in hand when it died"
    assert sorted(event.subject for event in told.values()) == sorted(orders)


async def test_cancelled_then_refunded(notifications: NotificationsProcess, sink: SinkProcess, broker: Broker) -> None:
    order = str(uuid4())
    await broker.publish(refunded(order))  # before anyone said who is to be told
    await broker.publish(cancelled(order, "ann@example.org"))

    async def both() -> bool:
        return len((await sink.mails("ann@example.org"))["mails"]) == 2

    await eventually(both)
    subjects = [mail["subject"] for mail in (await sink.mails("ann@example.org"))["mails"]]
    assert subjects == ["Your order is cancelled", "Your money is on its way back"]
    noted = 'notifications_mails_total{kind="payment-refunded",outcome="sent"} 1.0'
    await eventually(lambda: notifications.shows(noted))
    code, out, err = notifications.end()
    assert (code, err) == (0, "")
    assert "ann@example.org" not in out
    for line in map(json.loads, out.splitlines()):
        assert (line["service"], line["environment"]) == ("notifications", "test")


async def test_mails_wait_for_a_server_that_is_away(database_url: str, nats_url: str, broker: Broker) -> None:
    sink = SinkProcess()
    notifications = NotificationsProcess(database_url, nats_url, sink.smtp_port)
    async with notifications:
        await broker.publish(confirmed(str(uuid4()), "ann@example.org"))
        failed = 'notifications_mails_total{kind="order-confirmed",outcome="failed"} 1.0'
        await eventually(lambda: notifications.shows(failed))
        assert (await notifications.http.get("/readyz")).status_code == 200
        async with sink:

            async def arrived() -> bool:
                return (await sink.mails("ann@example.org"))["total"] == 1

            await eventually(arrived)
            assert (await sink.mails())["copies"] == 0


@pytest.mark.parametrize(
    ("module", "name", "value", "says"),
    [
        (
            "notifications",
            "NOTIFICATIONS_SENDER",
            "shop",
            "SENDER is 'shop': give it as Name <name@domain>",
        ),
        (
            "notifications",
            "NOTIFICATIONS_SMTP_URL",
            "mail",
            "SMTP_URL is 'mail': give a URL such as smtp:",
        ),
        (
            "notifications",
            "NOTIFICATIONS_CLAIM_SECONDS",
            "5",
            "CLAIM_SECONDS is '5': give a number from 10",
        ),
        ("notifications.sink", "MAIL_SINK_CAPACITY", "0", "MAIL_SINK_CAPACITY is '0': give a whole number from 1"),
    ],
)
def test_wrong_settings_end_the_process_with_one_line(module: str, name: str, value: str, says: str) -> None:
    done = run(ROOT, module, {name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
