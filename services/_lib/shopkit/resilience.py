"""Calls to others that may fail: a breaker, a bulkhead and a retry budget, each seen in metrics.

Breaker after M. Nygard, Release It! (2nd ed., 5.2). Written here, since the well-kept asynchronous libraries let every
call through when half open.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import ParamSpec, TypeVar

from shopkit.metrics import Metrics

P = ParamSpec("P")
R = TypeVar("R")
STATES = ("closed", "open", "half_open")


class OpenError(ConnectionError):
    """The breaker is open: the call was not made. `retry_seconds` until one will be let through."""

    def __init__(self, name: str, retry_seconds: float) -> None:
        super().__init__(f"{name}: the breaker is open for {retry_seconds:.1f} s")
        self.retry_seconds = retry_seconds


class FullError(ConnectionError):
    """The bulkhead is full: the call was not made."""


class Breaker:
    """Opens after `failures` in a row; after `reset_seconds` lets one call through, whose outcome closes or opens it.

    `counts` says which exceptions are the other's failure; others (as a refusal) prove that it answers.
    """

    def __init__(
        self,
        name: str,
        failures: int,
        reset_seconds: float,
        metrics: Metrics,
        counts: Callable[[Exception], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.state = "closed"
        self._limit = failures
        self._reset_seconds = reset_seconds
        self._counts = counts
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self._trying = False
        gauge = metrics.gauge("breaker_state", "1 for the state the breaker is in", ("name", "state"))
        for state in STATES:
            gauge.labels(name, state).set_function(partial(self._is, state))
        self._transitions = metrics.counter("breaker_transitions_total", "Changes of state", ("name", "to"))
        self._calls = metrics.counter("breaker_calls_total", "Calls: ok, failed, rejected", ("name", "outcome"))

    @property
    def shown(self) -> str:
        """The state as the next call would find it: open no longer once a call may be tried, though none came yet."""
        return "half_open" if self._tries() else self.state

    async def call(self, function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Await `function(*args, **kwargs)`. Raises OpenError when it is not called, or what the function raises."""
        trial = self._enter()
        try:
            result = await function(*args, **kwargs)
        except Exception as error:
            self._done(trial, failed=self._counts(error))
            raise
        except BaseException:  # cancelled: nothing is known
            if trial:
                self._trying = False
            raise
        self._done(trial, failed=False)
        return result

    def _is(self, state: str) -> float:
        return float(state == self.shown)

    def _tries(self) -> bool:
        return self.state == "open" and self._clock() >= self._opened_at + self._reset_seconds

    def _enter(self) -> bool:
        """Whether the call is the one that tries. Raises OpenError."""
        if self._tries():
            self._to("half_open")
        if self.state == "closed":
            return False
        if self.state == "half_open" and not self._trying:
            self._trying = True
            return True
        self._calls.labels(self.name, "rejected").inc()
        raise OpenError(self.name, max(0.0, self._opened_at + self._reset_seconds - self._clock()))

    def _done(self, trial: bool, *, failed: bool) -> None:
        self._calls.labels(self.name, "failed" if failed else "ok").inc()
        if trial:
            self._trying = False
        elif self.state != "closed":
            return  # began before it opened, and says nothing of now
        self._failures = self._failures + 1 if failed else 0
        if failed and (trial or self._failures >= self._limit):
            self._opened_at = self._clock()
            self._to("open")
        elif trial:
            self._to("closed")

    def _to(self, state: str) -> None:
        self.state = state
        self._failures = 0
        self._transitions.labels(self.name, state).inc()


class Bulkhead:
    """At most `limit` calls at once and `queue` that wait; the next is refused."""

    def __init__(self, name: str, limit: int, queue: int, metrics: Metrics) -> None:
        self.name = name
        self._slots = asyncio.Semaphore(limit)
        self._limit = limit
        self._room = limit + queue
        self._inside = 0
        self._running = metrics.gauge("bulkhead_running", "Calls under way", ("name",)).labels(name)
        self._waiting = metrics.gauge("bulkhead_waiting", "Calls that wait", ("name",)).labels(name)
        self._rejected = metrics.counter("bulkhead_rejected_total", "Calls refused", ("name",)).labels(name)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place for one call. Raises FullError."""
        if self._inside >= self._room:
            self._rejected.inc()
            raise FullError(f"{self.name}: {self._room} calls are under way or wait")
        self._inside += 1
        self._waiting.inc()
        try:
            async with self._slots:
                self._waiting.dec()
                self._running.inc()
                try:
                    yield
                finally:
                    self._running.dec()
                    self._waiting.inc()
        finally:
            self._waiting.dec()
            self._inside -= 1

    async def call(self, function: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Await `function(*args, **kwargs)` in a slot. Raises FullError."""
        async with self.slot():
            return await function(*args, **kwargs)


class RetryBudget:
    """Retries are at most `ratio` of the calls and `floor` more, so that they do not multiply a fault."""

    def __init__(self, name: str, metrics: Metrics, ratio: float = 0.1, floor: int = 10) -> None:
        self._ratio = ratio
        self._most = float(floor)
        self._tokens = float(floor)
        self._retries = metrics.counter("retries_total", "Retries: allowed, denied", ("name", "outcome"))
        self._name = name

    def called(self) -> None:
        """A first attempt was made."""
        self._tokens = min(self._most, self._tokens + self._ratio)

    def allow(self) -> bool:
        """Whether one retry may be made."""
        allowed = self._tokens >= 1
        if allowed:
            self._tokens -= 1
        self._retries.labels(self._name, "allowed" if allowed else "denied").inc()
        return allowed
