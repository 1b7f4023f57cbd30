"""Processes of this package, and what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shopkit.events import Event
from shopkit.testing.service import ServiceProcess

ROOT = Path(__file__).parent.parent
EUR = {"amount": 1290, "currency": "EUR"}


class Provider(ServiceProcess):
    """`python3 -m payments.provider`; its ledger is a file, and what it loses hangs for two seconds."""

    def __init__(self, ledger: Path) -> None:
        settings = {"PAYMENT_PROVIDER_LEDGER": str(ledger), "PAYMENT_PROVIDER_HANG_SECONDS": "2"}
        super().__init__(ROOT, "payments.provider", "PAYMENT_PROVIDER", settings)

    async def faults(self, **faults: float | str) -> None:
        (await self.http.put("/faults", json=faults)).raise_for_status()

    async def ledger(self) -> list[dict[str, Any]]:
        return list((await self.http.get("/charges")).json()["charges"])


class Payments(ServiceProcess):
    """`python3 -m payments`, impatient."""

    def __init__(self, database_url: str, nats_url: str, provider_url: str, settings: Mapping[str, str]) -> None:
        impatient = {
            "DATABASE_URL": database_url,
            "NATS_URL": nats_url,
            "PAYMENTS_PROVIDER_URL": provider_url,
            "PAYMENTS_PROVIDER_TIMEOUT_SECONDS": "0.5",
            "PAYMENTS_PROVIDER_PAUSE_SECONDS": "0.05",
            "PAYMENTS_BREAKER_RESET_SECONDS": "0.5",
        }
        super().__init__(ROOT, "payments", "PAYMENTS", {**impatient, **settings})

    async def status(self, order_id: str) -> str:
        answer = await self.http.get(f"/charges/{order_id}")
        return str(answer.json()["status"]) if answer.status_code == 200 else "unknown"


def requested(order_id: str, token: str = "tok_visa") -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "amount": EUR, "payment_token": token}
    return Event.new("orders", "orders.payment-requested.v1", order_id, data)


def cancelled(order_id: str, reason: str = "timeout") -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "email": "ann@example.org", "reason": reason}
    return Event.new("orders", "orders.order-cancelled.v1", order_id, data)
