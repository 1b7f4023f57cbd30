"""The processes as they run in their image: the service, killed and started again, and the rebuild by hand."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import story
from shopkit.broker import Broker
from shopkit.testing.programs import free_port
from shopkit.testing.service import ServiceProcess, eventually, run

from orderview import __main__
from orderview import rebuild as by_hand

ROOT = Path(__file__).parent.parent


class View(ServiceProcess):
    """`python3 -m orderview`."""

    def __init__(self, stores: dict[str, str]) -> None:
        super().__init__(ROOT, "orderview", "ORDERVIEW", stores | {"ORDERVIEW_LAG_SECONDS": "0.1"})

    async def orders(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.json("/orders", customer_id="c-1", limit=100))["orders"]
        return found

    async def has(self, confirmed: int) -> bool:
        """Whether it shows so many orders, all of them confirmed."""
        return [order["status"] for order in await self.orders()] == confirmed * ["confirmed"]


@pytest.fixture
def stores(database_url: str, nats_url: str) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "NATS_URL": nats_url}


async def test_what_happened_while_the_process_was_dead_is_made_up_for(stores: dict[str, str], broker: Broker) -> None:
    first, later = story.confirmed(), [event for _ in range(10) for event in story.confirmed()]
    async with View(stores) as view:
        for event in first:
            await broker.publish(event)
        await eventually(lambda: view.has(confirmed=1), 90)
        await eventually(lambda: view.shows("orderview_lag_events 0.0"))
        view.end(signal.SIGKILL)
        for event in later:
            await broker.publish(event)
        await view.start()
        await eventually(lambda: view.has(confirmed=11), 90)
        done = run(ROOT, "orderview.rebuild", stores)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["events"] == len(first + later)
        assert len(await view.orders()) == 11
        assert view.end()[0] == 0


def test_a_rebuild_by_hand_that_cannot_reach_the_broker(stores: dict[str, str]) -> None:
    away = stores | {"NATS_URL": f"nats://127.0.0.1:{free_port()}"}
    done = run(ROOT, "orderview.rebuild", away)
    assert done.returncode == 1
    assert "orderview.rebuild: the stream cannot be replayed: no connection to nats://" in done.stderr
    again = run(ROOT, "orderview.rebuild", stores)
    assert json.loads(again.stdout)["events"] == 0, "the one before was dropped"


@pytest.mark.parametrize(("name", "main"), [("orderview", __main__.main), ("orderview.rebuild", by_hand.main)])
def test_a_wrong_setting_is_named(
    name: str, main: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://orderview@db/orderview")
    monkeypatch.setenv("NATS_URL", "http://broker")
    assert main() == 2
    assert capsys.readouterr().err.startswith(f"{name}: NATS_URL is 'http://broker'")
