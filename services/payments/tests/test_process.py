"""The real payments, provider, Postgres and NATS: nobody is charged twice, whatever fails, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest
from processes import ROOT, Payments, Provider, cancelled, requested
from shopkit.broker import Broker
from shopkit.events import Event
from shopkit.testing.service import ServiceProcess, eventually, listening, run

from payments import __version__

TYPES = [f"payments.{type_}.v1" for type_ in ("charged", "declined", "refunded")]


class Heard:
    """Everything that the payments have published."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def take(self, event: Event) -> None:
        self.events.append(event)

    def of(self, type_: str) -> Counter[str]:
        """How often each order was told of."""
        facts = {event.id: event.subject for event in self.events if event.type == f"payments.{type_}.v1"}
        return Counter(facts.values())

    def reaches(self, type_: str, count: int) -> Callable[[], Awaitable[bool]]:
        async def reached() -> bool:
            return len(self.of(type_)) >= count

        return reached


@pytest.fixture
async def heard(broker: Broker) -> AsyncIterator[Heard]:
    heard = Heard()
    async with listening(broker.consume("test", TYPES, heard.take)):
        yield heard


def order_ids(count: int) -> list[str]:
    return [str(uuid4()) for _ in range(count)]


def once(orders: list[str]) -> Counter[str]:
    return Counter(dict.fromkeys(orders, 1))


async def test_faults_kills_and_repeats_charge_nobody_twice(
    payments: Payments, provider: Provider, broker: Broker, heard: Heard
) -> None:
    orders = order_ids(24)
    await provider.faults(error_rate=0.3, lost_rate=0.2, latency_ms=30)
    for order in orders:
        await broker.publish(requested(order))
    await eventually(heard.reaches("charged", 5))
    payments.end(signal.SIGKILL)
    provider.end(signal.SIGKILL)
    await provider.start()
    await payments.start()
    for order in orders:
        await broker.publish(requested(order))  # the same order, told again
    await eventually(heard.reaches("charged", 24), 100)

    async def handled() -> bool:
        return await broker.pending("payments") == 0

    await eventually(handled)
    ledger = await provider.ledger()
    assert Counter(entry["reference"] for entry in ledger) == once(orders), "one charge an order"
    assert {entry["status"] for entry in ledger} == {"charged"}
    assert heard.of("charged") == once(orders), "announced once"
    assert {(event.subject, event.data["charge_id"]) for event in heard.events} == {
        (entry["reference"], entry["charge_id"]) for entry in ledger
    }


async def test_cancelled_before_while_and_after(
    payments: Payments, provider: Provider, broker: Broker, heard: Heard
) -> None:
    before, while_, after, declined = order_ids(4)
    await broker.publish(cancelled(before))
    await broker.publish(requested(after))
    await broker.publish(requested(declined, "tok_declined"))
    await eventually(heard.reaches("charged", 1))
    await eventually(heard.reaches("declined", 1))
    await broker.publish(cancelled(after))
    await broker.publish(cancelled(declined))
    await eventually(heard.reaches("refunded", 1))
    await provider.faults(lost_rate=1)  # charged, but nobody knows
    await broker.publish(requested(while_))
    await broker.publish(cancelled(while_))
    await asyncio.sleep(1.5)
    await provider.faults()
    await broker.publish(requested(before))

    async def handled() -> bool:
        return await broker.pending("payments") == 0

    await eventually(handled)
    assert [await payments.status(order) for order in (before, after, declined)] == ["voided", "refunded", "declined"]
    kept = [entry for entry in await provider.ledger() if entry["status"] == "charged"]
    assert kept == [], "a cancelled order stays charged"
    assert await payments.status(while_) in {"refunded", "voided"}
    assert heard.of("charged") == heard.of("refunded"), "what was refunded is what was charged"
    assert heard.of("charged")[after] == 1
    assert heard.of("declined") == once([declined])


async def test_the_breaker_opens_and_closes_while_the_service_answers(
    payments: Payments, provider: Provider, broker: Broker, heard: Heard
) -> None:
    state = 'breaker_state{name="payment-provider",state="%s"} 1.0'
    assert await payments.shows(state % "closed")
    await provider.faults(error_rate=1)
    orders = order_ids(6)
    for order in orders:
        await broker.publish(requested(order))
    await eventually(lambda: payments.shows(state % "open"))
    assert (await payments.http.get("/readyz")).status_code == 200
    assert await payments.status(orders[0]) == "pending"
    await provider.faults()
    await eventually(heard.reaches("charged", 6))
    assert await payments.shows(state % "closed")
    assert heard.of("charged") == once(orders)


def replay(process: ServiceProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(ROOT, "payments.replay", process.settings, *arguments)


async def test_undecided_goes_to_the_dead_letters_and_is_replayed(
    database_url: str, nats_url: str, provider: Provider, broker: Broker, heard: Heard
) -> None:
    [order] = order_ids(1)
    once_ = {"PAYMENTS_DELIVERIES": "1", "PAYMENTS_PROVIDER_ATTEMPTS": "1"}
    payments = Payments(database_url, nats_url, provider.url, once_)
    async with payments:
        await provider.faults(lost_rate=1)
        await broker.publish(requested(order))
        dead = 'events_consumed_total{consumer="payments",outcome="dead",type="orders.payment-requested.v1"} 1.0'
        await eventually(lambda: payments.shows(dead))
        assert await payments.status(order) == "pending"
        listed = replay(payments, "--list")
        assert (listed.returncode, listed.stdout.splitlines()[1:]) == (0, ["1 left"])
        assert "shop.orders.payment-requested.v1: UndecidedError" in listed.stdout
        again = replay(payments)
        assert again.returncode == 1, again.stderr
        assert "still fails: UndecidedError" in again.stdout
        await provider.faults()
        done = replay(payments)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 left"), done.stderr
        assert f"done, order {order}" in done.stdout
        await eventually(heard.reaches("charged", 1))
        assert replay(payments).stdout == "0 left\n"
        [entry] = await provider.ledger()
        assert (entry["status"], await payments.status(order)) == ("charged", "charged")


async def test_a_replay_says_which_store_is_away(database_url: str) -> None:
    away = run(ROOT, "payments.replay", {"DATABASE_URL": database_url, "NATS_URL": "nats://127.0.0.1:1"})
    assert (away.returncode, away.stdout) == (3, "")
    assert away.stderr.startswith("payments: ")
    assert "nats://127.0.0.1:1" in away.stderr


async def test_http_logs_and_an_orderly_end(payments: Payments, provider: Provider) -> None:
    unknown = await payments.http.get(f"/charges/{uuid4()}")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    assert (await payments.http.get("/charges/o1")).status_code == 422
    for process, service in ((payments, "payments"), (provider, "payment-provider")):
        code, out, err = process.end()
        assert (code, err) == (0, "")
        for line in map(json.loads, out.splitlines()):
            assert (line["service"], line["environment"]) == (service, "test")


@pytest.mark.parametrize(
    ("module", "name", "value", "says"),
    [
        ("payments", "PAYMENTS_PROVIDER_URL", "provider", "payments: PAYMENTS_PROVIDER_URL is 'provider': give a URL"),
        ("payments.replay", "PAYMENTS_DELIVERIES", "0", "payments: PAYMENTS_DELIVERIES is '0': give a whole number"),
        (
            "payments.provider",
            "PAYMENT_PROVIDER_LEDGER",
            "/nowhere/ledger",
            "payment-provider: PAYMENT_PROVIDER_LEDGER is '/nowhere/ledger': give a writable file",
        ),
    ],
)
def test_wrong_settings_end_the_process_with_one_line(module: str, name: str, value: str, says: str) -> None:
    done = run(ROOT, module, {name: value})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1


def test_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
