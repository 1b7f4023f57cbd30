"""The process as it runs in its image: settings, a whole order over HTTP and broker, stop and kill."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from heard import charged, reserved
from shopkit.broker import Broker
from shopkit.testing.service import ServiceProcess, eventually
from test_http import BODY

from orders.__main__ import main

ROOT = Path(__file__).parent.parent


class Orders(ServiceProcess):
    """`python3 -m orders`, impatient."""

    def __init__(self, database_url: str, nats_url: str, deadline: int) -> None:
        stores = {"DATABASE_URL": database_url, "NATS_URL": nats_url}
        patience = {"ORDERS_DEADLINE_SECONDS": str(deadline), "ORDERS_SWEEP_SECONDS": "0.1"}
        super().__init__(ROOT, "orders", "ORDERS", stores | patience)

    async def place(self, key: str) -> str:
        answer = await self.http.post("/orders", json=BODY, headers={"Idempotency-Key": key})
        return str(answer.raise_for_status().json()["order_id"])

    async def becomes(self, order_id: str, status: str) -> str | None:
        """The reason, once the order is so."""

        async def so() -> bool:
            return bool((await self.json(f"/orders/{order_id}"))["status"] == status)

        await eventually(so, 90)
        reason: str | None = (await self.json(f"/orders/{order_id}"))["reason"]
        return reason


async def test_an_order_survives_a_killed_process(database_url: str, nats_url: str, broker: Broker) -> None:
    async with Orders(database_url, nats_url, 60) as orders:
        order_id = await orders.place("k")
        await broker.publish(reserved(order_id))
        await orders.becomes(order_id, "reserved")
        orders.end(signal.SIGKILL)
        await orders.start()
        assert await orders.place("k") == order_id
        await broker.publish(charged(order_id))
        await orders.becomes(order_id, "confirmed")
        await eventually(lambda: orders.shows('orders_duration_seconds_count{status="confirmed"} 1.0'))
        await eventually(lambda: orders.shows("outbox_pending 0.0"))
        code, out, err = orders.end()
    assert (code, err) == (0, "")
    assert "tok_visa" not in out


async def test_a_stuck_order_is_cancelled_at_its_deadline(database_url: str, nats_url: str) -> None:
    async with Orders(database_url, nats_url, 1) as orders:
        order_id = await orders.place("k")
        assert await orders.becomes(order_id, "cancelled") == "timeout"
        await eventually(lambda: orders.shows("orders_expired_total 1.0"))


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://orders@db/orders")
    monkeypatch.setenv("NATS_URL", "nats://broker")
    monkeypatch.setenv("ORDERS_DEADLINE_SECONDS", "soon")
    assert main() == 2
    assert capsys.readouterr().err == "orders: ORDERS_DEADLINE_SECONDS is 'soon': give a whole number from 1 to 86400\n"
