"""The real provider as a process, alone and behind the client with its limits."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from processes import Provider
from prometheus_client import generate_latest
from shopkit.metrics import Metrics
from shopkit.testing.service import eventually

from payments.adapters.provider import HttpProvider, Limits
from payments.application.ports import UndecidedError
from payments.domain.charges import Money, Nothing, Refused, Returned, Taken

EUR = Money(1290, "EUR")
LIMITS = Limits(timeout=0.4, pause=0.02, failures=4, reset=0.3, running=2, waiting=1)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("payments")


@pytest.fixture
async def client(provider: Provider, metrics: Metrics) -> AsyncIterator[HttpProvider]:
    async with HttpProvider(provider.url, LIMITS, metrics) as client:
        yield client


async def test_a_charge_is_made_once_and_paid_back_once(client: HttpProvider, provider: Provider) -> None:
    order = str(uuid4())
    first = await client.charge(order, EUR, "tok_visa")
    assert isinstance(first, Taken)
    assert await client.charge(order, EUR, "tok_visa") == first
    assert await client.reverse(order, "timeout") == Returned(first.charge_id, EUR)
    assert await client.reverse(order, "timeout") == Returned(first.charge_id, EUR)
    [entry] = await provider.ledger()
    assert (entry["reference"], entry["status"], entry["asked"]) == (order, "refunded", 3)


async def test_what_is_refused_is_refused_for_good(client: HttpProvider) -> None:
    assert await client.charge(str(uuid4()), EUR, "tok_declined") == Refused("the bank declined")
    voided = str(uuid4())
    assert await client.reverse(voided, "timeout") == Nothing()
    assert await client.charge(voided, EUR, "tok_visa") == Refused("the key was voided")
    reused = str(uuid4())
    await client.charge(reused, EUR, "tok_visa")
    other = await client.charge(reused, Money(1, "EUR"), "tok_visa")
    assert isinstance(other, Refused)
    assert "was used with another reference or amount" in other.reason


async def test_a_restart_keeps_charges(client: HttpProvider, provider: Provider) -> None:
    order = str(uuid4())
    first = await client.charge(order, EUR, "tok_visa")
    provider.end(signal.SIGKILL)
    with pytest.raises(UndecidedError, match=r"payment-provider: ConnectError, 3 times"):
        await client.charge(order, EUR, "tok_visa")
    await provider.start()
    assert await client.charge(order, EUR, "tok_visa") == first


async def test_lost_answers_charge_once(client: HttpProvider, provider: Provider) -> None:
    order = str(uuid4())
    await provider.faults(lost_rate=1)
    with pytest.raises(UndecidedError, match="3 times"):
        await client.charge(order, EUR, "tok_visa")
    await provider.faults()
    answer = await client.charge(order, EUR, "tok_visa")
    [entry] = await provider.ledger()
    assert answer == Taken(entry["charge_id"])
    assert (entry["status"], entry["asked"]) == ("charged", 4)


async def test_faults_end_by_themselves(provider: Provider) -> None:
    await provider.faults(error_rate=1, until=(datetime.now(UTC) + timedelta(seconds=1.5)).isoformat())
    assert (await provider.http.get("/faults")).json()["error_rate"] == 1
    charge = {"reference": "o1", "amount": 1, "currency": "EUR", "payment_token": "tok_visa"}
    refused = await provider.http.post("/charges", json=charge, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, await provider.ledger()) == (503, [])
    await asyncio.sleep(1.6)
    answered = await provider.http.post("/charges", json=charge, headers={"Idempotency-Key": "k"})
    assert (answered.status_code, (await provider.http.get("/faults")).json()["error_rate"]) == (201, 0)
    for bad in ({"error_rate": 2}, {"latency_ms": -1}, {"until": "tomorrow"}, {"until": "2030-01-01T00:00:00"}):
        assert (await provider.http.put("/faults", json=bad)).status_code == 422


async def test_the_breaker_opens_and_closes_in_metrics(
    client: HttpProvider, provider: Provider, metrics: Metrics
) -> None:
    def shows(line: str) -> bool:
        return line in generate_latest(metrics.registry).decode().splitlines()

    assert shows('breaker_state{name="payment-provider",state="closed"} 1.0')
    await provider.faults(error_rate=1)
    order = str(uuid4())
    for _ in range(2):
        with pytest.raises(UndecidedError):
            await client.charge(order, EUR, "tok_visa")
    assert shows('breaker_state{name="payment-provider",state="open"} 1.0')
    with pytest.raises(UndecidedError, match="the breaker is open"):
        await client.charge(order, EUR, "tok_visa")
    await provider.faults()
    await asyncio.sleep(LIMITS.reset)
    assert isinstance(await client.charge(order, EUR, "tok_visa"), Taken)
    assert shows('breaker_state{name="payment-provider",state="closed"} 1.0')
    assert shows('breaker_transitions_total{name="payment-provider",to="open"} 1.0')
    assert shows('breaker_transitions_total{name="payment-provider",to="closed"} 1.0')


async def test_the_bulkhead_bounds_what_a_slow_provider_holds(client: HttpProvider, provider: Provider) -> None:
    await provider.faults(latency_ms=150)
    answers = await asyncio.gather(
        *(client.charge(str(uuid4()), EUR, "tok_visa") for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(answer, Taken) for answer in answers) == 3
    refused = [answer for answer in answers if isinstance(answer, UndecidedError)]
    assert [str(error) for error in refused] == ["payment-provider: 3 calls are under way or wait"] * 3


async def test_a_late_charge_of_a_reversed_order_is_refused(client: HttpProvider, provider: Provider) -> None:
    """The charge is under way at the provider while the order is reversed: whoever comes first, nothing stays taken."""
    order = str(uuid4())
    await provider.faults(latency_ms=900)
    with pytest.raises(UndecidedError):
        await client.charge(order, EUR, "tok_visa")
    await provider.faults()

    async def reversed_() -> bool:
        try:
            await client.reverse(order, "timeout")
        except UndecidedError:
            return False
        return True

    await eventually(reversed_)
    await asyncio.sleep(1)
    [entry] = await provider.ledger()
    assert entry["status"] in {"voided", "refunded"}


async def test_retries_stay_within_their_budget(provider: Provider, metrics: Metrics) -> None:
    await provider.faults(error_rate=1)
    patient = Limits(timeout=2, pause=0, failures=1000)
    async with HttpProvider(provider.url, patient, metrics) as client:
        for _ in range(30):
            with pytest.raises(UndecidedError):
                await client.charge(str(uuid4()), EUR, "tok_visa")
    text = generate_latest(metrics.registry).decode()
    [allowed] = [line for line in text.splitlines() if line.startswith("retries_total") and "allowed" in line]
    assert float(allowed.split()[-1]) <= 10 + 0.1 * 30


async def test_an_answer_that_is_not_as_agreed_decides_nothing(provider: Provider, metrics: Metrics) -> None:
    async with HttpProvider(f"{provider.url}/nowhere", LIMITS, metrics) as client:
        with pytest.raises(UndecidedError, match="the provider answered a charge with 404"):
            await client.charge(str(uuid4()), EUR, "tok_visa")
        with pytest.raises(UndecidedError, match="the provider answered a reversal with 404"):
            await client.reverse(str(uuid4()), "timeout")
