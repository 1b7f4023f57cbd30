"""What the environment says: variables PAYMENTS_*, the database and the broker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shopkit import settings
from shopkit.settings import Common, Endpoint, Nats, Reader

from payments.adapters.provider import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process runs. An event is tried `deliveries` times; `concurrency` of them are handled at once."""

    common: Common
    database: Endpoint
    broker: Nats
    provider_url: str
    limits: Limits
    deliveries: int
    concurrency: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError."""
        read = Reader(environ, "PAYMENTS_")
        default = Limits()
        limits = Limits(
            timeout=read.number("PROVIDER_TIMEOUT_SECONDS", default.timeout, 0.05, 10),
            attempts=read.integer("PROVIDER_ATTEMPTS", default.attempts, 1, 10),
            total=read.number("PROVIDER_TOTAL_SECONDS", default.total, 0.05, 20),
            pause=read.number("PROVIDER_PAUSE_SECONDS", default.pause, 0, 5),
            failures=read.integer("BREAKER_FAILURES", default.failures, 1, 1000),
            reset=read.number("BREAKER_RESET_SECONDS", default.reset, 0.1, 300),
            running=read.integer("BULKHEAD_RUNNING", default.running, 1, 1000),
            waiting=read.integer("BULKHEAD_WAITING", default.waiting, 0, 1000),
        )
        return cls(
            settings.common(environ, "payments"),
            settings.database(environ, "postgresql://payments@localhost:5432/payments"),
            settings.nats(environ, "nats://localhost:4222"),
            provider_url=read.url("PROVIDER_URL", "http://localhost:8090"),
            limits=limits,
            deliveries=read.integer("DELIVERIES", 10, 1, 100),
            concurrency=read.integer("CONCURRENCY", 16, 1, 64),
        )
