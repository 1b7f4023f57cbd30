"""The processes as they run in their image: the service, killed and started again, and the rebuild by hand."""

from __future__ import annotations

import json
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
import story
from shopkit.broker import Broker
from shopkit.testing.programs import free_port

from orderview import __main__
from orderview import rebuild as by_hand


@pytest.fixture
def environ(database_url: str, nats_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "DATABASE_URL": database_url,
        "NATS_URL": nats_url,
        "ORDERVIEW_HOST": "127.0.0.1",
        "ORDERVIEW_PORT": str(free_port()),
        "ORDERVIEW_LAG_SECONDS": "0.1",
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
        subprocess.Popen(
            [sys.executable, "-m", "orderview"], env=environ, stdout=subprocess.PIPE, text=True
        ) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{environ['ORDERVIEW_PORT']}", trust_env=False) as client,
    ):
        try:
            until(lambda: client.get("/readyz").status_code == 200)
            yield process, client
        finally:
            process.kill()


def rebuild(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orderview.rebuild"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_what_happened_while_the_process_was_dead_is_made_up_for(environ: dict[str, str], broker: Broker) -> None:
    first, later = story.confirmed(), [event for _ in range(10) for event in story.confirmed()]
    with running(environ) as (process, client):
        for event in first:
            await broker.publish(event)
        until(lambda: [order["status"] for order in _orders(client)] == ["confirmed"])
        until(lambda: "orderview_lag_events 0.0" in client.get("/metrics").text)
        process.kill()
    for event in later:
        await broker.publish(event)
    with running(environ) as (process, client):
        until(lambda: [order["status"] for order in _orders(client)] == 11 * ["confirmed"])
        done = rebuild(environ)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["events"] == len(first + later)
        assert len(_orders(client)) == 11
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_rebuild_by_hand_that_cannot_reach_the_broker(environ: dict[str, str]) -> None:
    done = rebuild(environ | {"NATS_URL": f"nats://127.0.0.1:{free_port()}"})
    assert done.returncode == 1
    assert "orderview.rebuild: the stream cannot be replayed: no connection to nats://" in done.stderr
    assert json.loads(rebuild(environ).stdout)["events"] == 0, "the one before was dropped"


@pytest.mark.parametrize(("name", "main"), [("orderview", __main__.main), ("orderview.rebuild", by_hand.main)])
def test_a_wrong_setting_is_named(
    name: str, main: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://orderview@db/orderview")
    monkeypatch.setenv("NATS_URL", "http://broker")
    assert main() == 2
    assert capsys.readouterr().err.startswith(f"{name}: NATS_URL is 'http://broker'")


def _orders(client: httpx2.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/orders", params={"customer_id": "c-1", "limit": 100}).json()["orders"]
    return found
