"""The provider over HTTP: each question bounded in time, repeated within a budget, behind breaker and bulkhead.

Asking again is safe: the Idempotency-Key is the order's id, so a repeated charge is answered with the first one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from opentelemetry.trace import SpanKind
from shopkit import tracing
from shopkit.metrics import Metrics
from shopkit.resilience import Breaker, Bulkhead, FullError, OpenError, RetryBudget

from payments.application.ports import UndecidedError
from payments.domain.charges import Money, Nothing, Refused, Returned, Taken

NAME = "payment-provider"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of the provider, and for how long.

    One attempt has `timeout` seconds; a question has `attempts` of them and `total` seconds. The pause before the next
    is drawn from 0 to `pause`, doubled each time. The breaker opens after `failures` in a row for `reset` seconds. At
    most `running` attempts are under way and `waiting` wait.
    """

    timeout: float = 2.0
    attempts: int = 3
    total: float = 10.0
    pause: float = 0.2
    failures: int = 5
    reset: float = 5.0
    running: int = 8
    waiting: int = 16


class FailedError(Exception):
    """The provider did not answer, or answered that it could not."""


class HttpProvider:
    """The provider at a base URL."""

    def __init__(self, url: str, limits: Limits, metrics: Metrics) -> None:
        self._limits = limits
        self._client = httpx2.AsyncClient(base_url=url, timeout=limits.timeout)
        self._breaker = Breaker(NAME, limits.failures, limits.reset, metrics, lambda e: isinstance(e, FailedError))
        self._bulkhead = Bulkhead(NAME, limits.running, limits.waiting, metrics)
        self._budget = RetryBudget(NAME, metrics)
        self._seconds = metrics.histogram(
            "provider_request_duration_seconds", "Seconds of an attempt", ("operation", "outcome")
        )

    async def __aenter__(self) -> HttpProvider:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def charge(self, order_id: str, amount: Money, payment_token: str) -> Taken | Refused:
        body = {
            "reference": order_id,
            "amount": amount.amount,
            "currency": amount.currency,
            "payment_token": payment_token,
        }
        answer = await self._ask("charges", order_id, body)
        if answer.status_code in (200, 201):
            return Taken(_text(answer, "charge_id"))
        if answer.status_code in (402, 409, 422):
            return Refused(_text(answer, "detail")[:200])
        raise UndecidedError(f"the provider answered a charge with {answer.status_code}")

    async def reverse(self, order_id: str, reason: str) -> Returned | Nothing:
        answer = await self._ask("reversals", order_id, {"idempotency_key": order_id, "reason": reason})
        if answer.status_code != 200:
            raise UndecidedError(f"the provider answered a reversal with {answer.status_code}")
        said = answer.json()
        if said["status"] == "voided":
            return Nothing()
        return Returned(_text(answer, "charge_id"), Money(said["amount"], said["currency"]))

    async def _ask(self, operation: str, order_id: str, body: Mapping[str, Any]) -> httpx2.Response:
        """One answer that decides. Raises UndecidedError."""
        limits = self._limits
        self._budget.called()
        end = time.monotonic() + limits.total
        for attempt in range(1, limits.attempts + 1):
            try:
                return await self._bulkhead.call(self._breaker.call, self._attempt, operation, order_id, body)
            except (OpenError, FullError) as error:
                raise UndecidedError(str(error)) from error
            except FailedError as error:
                failed = error
            # Full jitter (M. Brooker, Exponential Backoff And Jitter): those who fail together do not return together.
            pause = random.uniform(0, limits.pause * 2**attempt)  # noqa: S311 - no secret
            if attempt == limits.attempts or time.monotonic() + pause > end or not self._budget.allow():
                break
            await asyncio.sleep(pause)
        raise UndecidedError(f"{NAME}: {failed}, {attempt} times") from failed

    async def _attempt(self, operation: str, order_id: str, body: Mapping[str, Any]) -> httpx2.Response:
        start = time.perf_counter()
        outcome = "failed"
        try:
            with tracing.span(f"POST /{operation}", SpanKind.CLIENT, attributes={"peer.service": NAME}):
                headers = {"Idempotency-Key": order_id, "traceparent": tracing.inject()}
                # The whole answer within the time, not each of its bytes.
                async with asyncio.timeout(self._limits.timeout):
                    answer = await self._client.post(f"/{operation}", json=body, headers=headers)
            if answer.status_code >= 500 or answer.status_code == 429:
                raise FailedError(f"status {answer.status_code}")
            outcome = "answered"
        except (httpx2.HTTPError, TimeoutError) as error:
            raise FailedError(type(error).__name__) from error
        finally:
            self._seconds.labels(operation, outcome).observe(time.perf_counter() - start)
        return answer


def _text(answer: httpx2.Response, name: str) -> str:
    """A text of the answer. Raises UndecidedError where it is not as agreed."""
    try:
        said = answer.json()[name]
    except (ValueError, KeyError, TypeError):
        said = None
    if isinstance(said, str) and said:
        return said
    raise UndecidedError(f"the provider's answer {answer.status_code} has no {name}")
