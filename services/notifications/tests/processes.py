"""Processes of this package, what is asked of them, and events as others publish them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

from shopkit.events import Event
from shopkit.testing.programs import free_port
from shopkit.testing.service import ServiceProcess

ROOT = Path(__file__).parent.parent
EUR = {"amount": 1290, "currency": "EUR"}


class SinkProcess(ServiceProcess):
    """`python3 -m notifications.sink`."""

    def __init__(self) -> None:
        self.smtp_port = free_port()
        super().__init__(ROOT, "notifications.sink", "MAIL_SINK", {"MAIL_SINK_SMTP_PORT": str(self.smtp_port)})

    async def mails(self, to: str | None = None) -> dict[str, Any]:
        answer = await self.http.get("/mails", params={} if to is None else {"to": to})
        return dict(answer.raise_for_status().json())


class NotificationsProcess(ServiceProcess):
    """`python3 -m notifications`, impatient."""

    def __init__(self, database_url: str, nats_url: str, smtp_port: int) -> None:
        settings = {
            "DATABASE_URL": database_url,
            "NATS_URL": nats_url,
            "NOTIFICATIONS_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "NOTIFICATIONS_SMTP_TIMEOUT_SECONDS": "1",
            "NOTIFICATIONS_CLAIM_SECONDS": "2",
        }
        super().__init__(ROOT, "notifications", "NOTIFICATIONS", settings)


def confirmed(order_id: str, email: str) -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "email": email, "total": EUR}
    return Event.new("orders", "orders.order-confirmed.v1", order_id, data)


def cancelled(order_id: str, email: str) -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "email": email, "reason": "payment timed out"}
    return Event.new("orders", "orders.order-cancelled.v1", order_id, data)


def refunded(order_id: str) -> Event:
    data = {"order_id": order_id, "charge_id": str(uuid4()), "amount": EUR, "reason": "payment timed out"}
    return Event.new("payments", "payments.refunded.v1", order_id, data)
