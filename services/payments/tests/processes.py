"""Processes of this package, and what is asked of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from shopkit.events import Event
from shopkit.testing.programs import free_port

ROOT = Path(__file__).parent.parent
EUR = {"amount": 1290, "currency": "EUR"}


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT.parent / "_lib"), **settings}


class Process:
    """`python3 -m <module>` with a client of its HTTP interface."""

    def __init__(self, module: str, prefix: str, settings: Mapping[str, str]) -> None:
        port = free_port()
        self.module = module
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {
            f"{prefix}_HOST": "127.0.0.1",
            f"{prefix}_PORT": str(port),
            f"{prefix}_ENVIRONMENT": "test",
            **settings,
        }
        self.running: subprocess.Popen[str] | None = None
        self.http = httpx2.AsyncClient(base_url=self.url, timeout=10)

    async def start(self) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-m", self.module],
            cwd=ROOT,
            env=environment(self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

        async def ready() -> bool:
            try:
                return (await self.http.get("/readyz")).status_code == 200
            except httpx2.TransportError:
                return False

        await eventually(ready)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        assert self.running
        self.running.send_signal(number)
        out, err = self.running.communicate(timeout=20)
        return self.running.returncode, out, err

    async def faults(self, **faults: float | str) -> None:
        (await self.http.put("/faults", json=faults)).raise_for_status()

    async def ledger(self) -> list[dict[str, Any]]:
        return list((await self.http.get("/charges")).json()["charges"])

    async def status(self, order_id: str) -> str:
        answer = await self.http.get(f"/charges/{order_id}")
        return str(answer.json()["status"]) if answer.status_code == 200 else "unknown"

    async def shows(self, line: str) -> bool:
        """Whether the metrics have this line."""
        return line in (await self.http.get("/metrics")).text.splitlines()


@asynccontextmanager
async def running(process: Process) -> AsyncIterator[Process]:
    await process.start()
    try:
        yield process
    finally:
        if process.running and process.running.poll() is None:
            process.end(signal.SIGKILL)
        await process.http.aclose()


def provider_process(ledger: Path) -> Any:
    settings = {"PAYMENT_PROVIDER_LEDGER": str(ledger), "PAYMENT_PROVIDER_HANG_SECONDS": "2"}
    return running(Process("payments.provider", "PAYMENT_PROVIDER", settings))


def payments_process(database_url: str, nats_url: str, provider_url: str, **settings: str) -> Any:
    impatient = {
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "PAYMENTS_PROVIDER_URL": provider_url,
        "PAYMENTS_PROVIDER_TIMEOUT_SECONDS": "0.5",
        "PAYMENTS_PROVIDER_PAUSE_SECONDS": "0.05",
        "PAYMENTS_BREAKER_RESET_SECONDS": "0.5",
    }
    return running(Process("payments", "PAYMENTS", {**impatient, **settings}))


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """Waits until the condition holds."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def requested(order_id: str, token: str = "tok_visa") -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "amount": EUR, "payment_token": token}
    return Event.new("orders", "orders.payment-requested.v1", order_id, data)


def cancelled(order_id: str, reason: str = "timeout") -> Event:
    data = {"order_id": order_id, "customer_id": "c1", "email": "ann@example.org", "reason": reason}
    return Event.new("orders", "orders.order-cancelled.v1", order_id, data)
