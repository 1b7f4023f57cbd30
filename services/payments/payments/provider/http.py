"""The provider over HTTP: charges and reversals, which faults befall, and an interface to set faults and to audit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, FastAPI, Header, Query
from pydantic import AwareDatetime, BaseModel, Field
from shopkit.metrics import Metrics
from shopkit.web import Problem, problems

from payments.provider.ledger import Entry, Ledger, ReusedKeyError

Key = Annotated[str, Header(min_length=1, max_length=100, description="The same for the same charge")]
DECLINES = {"tok_declined": "the bank declined", "tok_insufficient_funds": "insufficient funds"}


class Faults(BaseModel):
    """What befalls charges and reversals, until a time (or until set anew). Rates are probabilities.

    An error is answered with 503, before anything was done. What is lost was done, and is never answered.
    """

    error_rate: float = Field(default=0, ge=0, le=1)
    latency_ms: int = Field(default=0, ge=0, le=60_000)
    lost_rate: float = Field(default=0, ge=0, le=1)
    until: AwareDatetime | None = None

    def now(self) -> Faults:
        """The faults of this moment."""
        return self if self.until is None or datetime.now(UTC) < self.until else Faults()


class ChargeIn(BaseModel):
    reference: str = Field(min_length=1, max_length=100)
    amount: int = Field(ge=0, le=100_000_000)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    payment_token: str = Field(pattern=r"^tok_[A-Za-z0-9_]{1,60}$")


class ReversalIn(BaseModel):
    idempotency_key: str = Field(min_length=1, max_length=100, description="That of the charge")
    reason: str = Field(default="", max_length=200)


class EntryOut(BaseModel):
    """What a key came to; `asked` says how often it was asked for."""

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

    @classmethod
    def of(cls, entry: Entry) -> EntryOut:
        return cls(**asdict(entry))


class EntriesOut(BaseModel):
    charges: list[EntryOut]


class Provider:
    """The ledger behind its faults. `hang_seconds`: how long a lost answer keeps its caller waiting."""

    def __init__(self, ledger: Ledger, metrics: Metrics, hang_seconds: float = 30.0) -> None:
        self.ledger = ledger
        self.faults = Faults()
        self._hang_seconds = hang_seconds
        self._calls = metrics.counter(
            "provider_calls_total", "Charges and reversals: answered, failed, lost", ("operation", "outcome")
        )

    async def befallen(self, operation: str, act: Callable[[], Awaitable[Entry]]) -> Entry:
        """The act, with what faults befall it. Raises Problem."""
        faults = self.faults.now()
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if random.random() < faults.error_rate:  # noqa: S311 - chance
            self._calls.labels(operation, "failed").inc()
            raise Problem(503, detail="told to fail")
        entry = await act()
        if random.random() < faults.lost_rate:  # noqa: S311 - chance
            self._calls.labels(operation, "lost").inc()
            await asyncio.sleep(self._hang_seconds)
            raise Problem(504, detail="told to lose the answer")
        self._calls.labels(operation, "answered").inc()
        return entry


def add_routes(app: FastAPI, provider: Provider) -> None:
    """Serve the provider."""
    ledger = provider.ledger
    business = APIRouter(tags=["payments"])
    admin = APIRouter(tags=["admin"])

    @business.post("/charges", status_code=201, responses=problems(402, 409, 422, 503, 504))
    async def charge(charge: ChargeIn, idempotency_key: Key) -> EntryOut:
        """Charge a token once a key. 402: declined, 409: the key was voided, 422: not to be understood."""

        async def act() -> Entry:
            declined = DECLINES.get(charge.payment_token, "")
            return await asyncio.to_thread(
                ledger.charge, idempotency_key, charge.reference, charge.amount, charge.currency, declined
            )

        try:
            entry = await provider.befallen("charge", act)
        except ReusedKeyError as error:
            raise Problem(422, detail=str(error)) from None
        if entry.status == "declined":
            raise Problem(402, detail=entry.reason)
        if entry.status == "voided":
            raise Problem(409, detail="the key was voided")
        return EntryOut.of(entry)

    @business.post("/reversals", responses=problems(503, 504))
    async def reverse(reversal: ReversalIn) -> EntryOut:
        """Pay back what a key was charged (`refunded`), or void the key for good (`voided`); again: the same answer."""

        async def act() -> Entry:
            return await asyncio.to_thread(ledger.reverse, reversal.idempotency_key, reversal.reason)

        return EntryOut.of(await provider.befallen("reversal", act))

    @admin.get("/charges")
    async def entries(reference: Annotated[str | None, Query(max_length=100)] = None) -> EntriesOut:
        """The truth, for an audit: every key, or those of a reference, oldest first."""
        return EntriesOut(charges=[EntryOut.of(entry) for entry in await asyncio.to_thread(ledger.entries, reference)])

    @admin.get("/faults")
    async def get_faults() -> Faults:
        """The faults of this moment."""
        return provider.faults.now()

    @admin.put("/faults")
    async def put_faults(faults: Faults) -> Faults:
        """Set the faults; an empty object ends them."""
        provider.faults = faults
        return faults.now()

    app.include_router(business)
    app.include_router(admin)
