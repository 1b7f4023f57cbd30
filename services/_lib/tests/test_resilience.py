"""Breaker, bulkhead and retry budget, as their metrics show them."""

import asyncio

import pytest

from shopkit.metrics import Metrics
from shopkit.resilience import STATES, Breaker, Bulkhead, FullError, OpenError, RetryBudget


class Other:
    """One that is called: fails while `broken`."""

    def __init__(self) -> None:
        self.broken = False
        self.calls = 0

    async def __call__(self, value: int) -> int:
        self.calls += 1
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError("down")
        return value


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def states(metrics: Metrics) -> list[str]:
    """The states whose gauge is 1."""
    return [
        state
        for state in STATES
        if metrics.registry.get_sample_value("breaker_state", {"name": "other", "state": state})
    ]


async def fail(breaker: Breaker, other: Other, times: int) -> None:
    other.broken = True
    for _ in range(times):
        with pytest.raises(ConnectionError, match="down"):
            await breaker.call(other, 1)


async def test_a_breaker_opens_tries_and_closes() -> None:
    metrics, other, clock = Metrics("test"), Other(), Clock()
    breaker = Breaker("other", 3, 10, metrics, clock=clock)
    assert await breaker.call(other, 7) == 7
    await fail(breaker, other, 2)
    other.broken = False
    await breaker.call(other, 1)  # only failures in a row count
    await fail(breaker, other, 3)
    assert states(metrics) == ["open"]
    calls = other.calls
    clock.now = 4
    with pytest.raises(OpenError, match=r"other: the breaker is open for 6\.0 s") as refused:
        await breaker.call(other, 1)
    assert (refused.value.retry_seconds, other.calls) == (6, calls)
    clock.now = 10
    await fail(breaker, other, 1)
    assert states(metrics) == ["open"]
    clock.now = 20
    assert states(metrics) == ["half_open"]  # the next call may try, though none came yet
    other.broken = False
    answers = await asyncio.gather(*(breaker.call(other, n) for n in range(5)), return_exceptions=True)
    assert answers[0] == 0  # one tries, the others are not let through
    assert all(isinstance(answer, OpenError) for answer in answers[1:])
    assert states(metrics) == ["closed"]
    transitions = {
        state: metrics.registry.get_sample_value("breaker_transitions_total", {"name": "other", "to": state})
        for state in STATES
    }
    assert transitions == {"closed": 1, "open": 2, "half_open": 2}
    rejected = metrics.registry.get_sample_value("breaker_calls_total", {"name": "other", "outcome": "rejected"})
    assert rejected == 5


async def test_a_refusal_is_no_failure() -> None:
    metrics, other = Metrics("test"), Other()
    breaker = Breaker("other", 1, 10, metrics, counts=lambda error: not isinstance(error, ConnectionError))
    await fail(breaker, other, 3)
    assert states(metrics) == ["closed"]


async def test_a_cancelled_trial_lets_another_try() -> None:
    metrics, clock, other = Metrics("test"), Clock(), Other()
    breaker = Breaker("other", 1, 10, metrics, clock=clock)
    await fail(breaker, other, 1)
    clock.now = 10
    other.broken = False
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(breaker.call(asyncio.sleep, 60), 0.01)
    assert await breaker.call(other, 1) == 1


async def test_a_late_outcome_does_not_move_an_open_breaker() -> None:
    metrics, other, clock = Metrics("test"), Other(), Clock()
    breaker = Breaker("other", 1, 10, metrics, clock=clock)
    slow = asyncio.create_task(breaker.call(asyncio.sleep, 0.05))
    await asyncio.sleep(0)
    await fail(breaker, other, 1)
    await slow
    assert states(metrics) == ["open"]


async def test_a_bulkhead_holds_and_queues() -> None:
    metrics = Metrics("test")
    bulkhead = Bulkhead("other", 2, 1, metrics)
    go = asyncio.Event()
    inside = [asyncio.create_task(bulkhead.call(go.wait)) for _ in range(3)]
    await asyncio.sleep(0.01)

    def value(name: str) -> float | None:
        return metrics.registry.get_sample_value(name, {"name": "other"})

    assert (value("bulkhead_running"), value("bulkhead_waiting")) == (2, 1)
    with pytest.raises(FullError, match="other: 3 calls are under way or wait"):
        await bulkhead.call(go.wait)
    assert value("bulkhead_rejected_total") == 1
    inside[2].cancel()
    await asyncio.gather(inside[2], return_exceptions=True)
    assert value("bulkhead_waiting") == 0
    go.set()
    await asyncio.gather(*inside[:2])
    assert (value("bulkhead_running"), value("bulkhead_waiting")) == (0, 0)
    assert await bulkhead.call(asyncio.sleep, 0, "free again") == "free again"


def test_a_retry_budget_is_a_share_of_the_calls() -> None:
    metrics = Metrics("test")
    budget = RetryBudget("other", metrics, ratio=0.5, floor=2)
    assert [budget.allow() for _ in range(3)] == [True, True, False]
    budget.called()
    assert not budget.allow()
    budget.called()
    assert budget.allow()
    for _ in range(100):
        budget.called()
    assert [budget.allow() for _ in range(3)] == [True, True, False]
    assert metrics.registry.get_sample_value("retries_total", {"name": "other", "outcome": "denied"}) == 3
