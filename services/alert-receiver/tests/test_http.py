"""The receiver over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from alert_receiver.deliveries import Journal
from alert_receiver.http import Server

ALERT = {
    "status": "firing",
    "labels": {"alertname": "TargetDown", "job": "x"},
    "annotations": {"summary": "x is down"},
    "startsAt": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    server = Server(("127.0.0.1", 0), Journal(tmp_path / "deliveries.jsonl"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def ask(port: int, method: str, path: str, content: object = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, body=None if content is None else json.dumps(content))
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def test_a_delivery_is_found_again(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    before = time.time()
    assert ask(port, "POST", "/alerts", {"alerts": [ALERT]}) == (204, "")
    status, text = ask(port, "GET", f"/deliveries?name=TargetDown&status=firing&since={before}")
    (found,) = json.loads(text)["deliveries"]
    assert status == 200
    assert found["labels"]["job"] == "x"
    assert before <= found["received"] <= time.time()
    assert json.loads(capsys.readouterr().out)["message"] == "firing: TargetDown"


def test_metrics(port: int) -> None:
    watchdog = {**ALERT, "labels": {"alertname": "Watchdog"}}
    assert "alert_receiver_deliveries_kept 0\n" in ask(port, "GET", "/metrics")[1]
    ask(port, "POST", "/alerts", {"alerts": [ALERT, watchdog]})
    text = ask(port, "GET", "/metrics")[1]
    assert 'alert_receiver_deliveries_total{alert="TargetDown",status="firing"} 1' in text
    assert "alert_receiver_deliveries_kept 1\n" in text
    assert "alert_receiver_watchdog_age_seconds 0." in text


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/alerts", {"no": "alerts"}, 400),
        ("POST", "/alerts", None, 411),
        ("POST", "/other", {"alerts": []}, 404),
        ("GET", "/deliveries?since=soon", None, 400),
        ("GET", "/nothing", None, 404),
        ("GET", "/healthz", None, 200),
        ("GET", "/readyz", None, 200),
    ],
)
def test_answers(port: int, method: str, path: str, content: Any, status: int) -> None:
    assert ask(port, method, path, content)[0] == status


def test_what_cannot_be_recorded_is_not_acknowledged(tmp_path: Path) -> None:
    server = Server(("127.0.0.1", 0), Journal(tmp_path / "gone" / "deliveries.jsonl"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        assert ask(server.server_address[1], "POST", "/alerts", {"alerts": [ALERT]})[0] == 507
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def settings(directory: Path, port: str) -> dict[str, str]:
    own = {"DIRECTORY": str(directory), "HOST": "127.0.0.1", "PORT": port}
    return {**os.environ, **{f"ALERT_RECEIVER_{name}": value for name, value in own.items()}}


def test_the_process_ends_when_asked(tmp_path: Path) -> None:
    environment = settings(tmp_path, "0")
    with subprocess.Popen([sys.executable, "-m", "alert_receiver"], env=environment) as process:
        time.sleep(0.7)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    environment = settings(tmp_path, "web")
    done = subprocess.run([sys.executable, "-m", "alert_receiver"], env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert "alert-receiver:" in done.stderr
