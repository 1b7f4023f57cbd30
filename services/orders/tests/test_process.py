"""The process as it runs in its image: settings, a whole order over HTTP and broker, stop and kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from heard import charged, reserved
from shopkit.broker import Broker
from shopkit.testing.programs import free_port
from test_http import BODY

from orders.__main__ import main


@pytest.fixture
def environ(database_url: str, nats_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "ORDERS_HOST": "127.0.0.1",
        "ORDERS_PORT": str(free_port()),
        "ORDERS_DEADLINE_SECONDS": "60",
        "ORDERS_SWEEP_SECONDS": "0.1",
    }


def until(met: Callable[[], Any], seconds: float = 90) -> Any:
    """What it says once that is true; fails after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := met():
                return found
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not met within {seconds} s")


@contextmanager
def running(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], httpx2.Client]]:
    with (
        subprocess.Popen([sys.executable, "-m", "orders"], env=environ, stdout=subprocess.PIPE, text=True) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{environ['ORDERS_PORT']}", trust_env=False) as client,
    ):
        try:
            until(lambda: client.get("/readyz").status_code == 200)
            yield process, client
        finally:
            process.kill()


def place(client: httpx2.Client, key: str) -> str:
    return str(client.post("/orders", json=BODY, headers={"Idempotency-Key": key}).json()["order_id"])


async def test_an_order_survives_a_killed_process(environ: dict[str, str], broker: Broker) -> None:
    with running(environ) as (process, client):
        order_id = place(client, "k")
        await broker.publish(reserved(order_id))
        until(lambda: client.get(f"/orders/{order_id}").json()["status"] == "reserved")
        process.kill()
    with running(environ) as (process, client):
        assert place(client, "k") == order_id
        await broker.publish(charged(order_id))
        until(lambda: client.get(f"/orders/{order_id}").json()["status"] == "confirmed")
        text = until(lambda: _metrics(client, 'orders_duration_seconds_count{status="confirmed"} 1.0'))
        assert "outbox_pending 0.0" in text
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "tok_visa" not in out


def test_a_stuck_order_is_cancelled_at_its_deadline(environ: dict[str, str]) -> None:
    with running(environ | {"ORDERS_DEADLINE_SECONDS": "1"}) as (_, client):
        order_id = place(client, "k")
        order = until(lambda: _ended(client, order_id))
        assert (order["status"], order["reason"]) == ("cancelled", "timeout")
        until(lambda: _metrics(client, "orders_expired_total 1.0"))


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://orders@db/orders")
    monkeypatch.setenv("NATS_URL", "nats://broker")
    monkeypatch.setenv("ORDERS_DEADLINE_SECONDS", "soon")
    assert main() == 2
    assert capsys.readouterr().err == "orders: ORDERS_DEADLINE_SECONDS is 'soon': give a whole number from 1 to 86400\n"


def _metrics(client: httpx2.Client, wanted: str) -> str | None:
    text = client.get("/metrics").text
    return text if wanted in text else None


def _ended(client: httpx2.Client, order_id: str) -> dict[str, Any] | None:
    order: dict[str, Any] = client.get(f"/orders/{order_id}").json()
    return order if order["status"] == "cancelled" else None
