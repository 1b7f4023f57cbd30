"""The journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alert_receiver.deliveries import Delivery, Journal, PayloadError, read


def alert(name: str = "TargetDown", status: str = "firing") -> dict[str, Any]:
    return {"status": status, "labels": {"alertname": name}, "startsAt": "2026-01-01T00:00:00Z", "fingerprint": "ab"}


def body(*alerts: dict[str, Any]) -> bytes:
    return json.dumps({"version": "4", "alerts": list(alerts)}).encode()


def made(number: int, name: str = "A", status: str = "firing") -> Delivery:
    return Delivery(float(number), name, status, "", "", "", {"alertname": name}, {})


def test_a_notification_is_read() -> None:
    (first, second) = read(body(alert(), alert("NodeDown", "resolved")), 5.0)
    assert (first.name, first.status, first.received) == ("TargetDown", "firing", 5.0)
    assert (second.name, second.status) == ("NodeDown", "resolved")


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{}", b'{"alerts": [{}]}', b'{"alerts": [{"labels": []}]}', b"{"])
def test_other_bodies_are_refused(wrong: bytes) -> None:
    with pytest.raises(PayloadError):
        read(wrong, 0.0)


def test_what_was_recorded_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.jsonl"
    Journal(path).record([made(1), made(2, "B")])
    assert [one.name for one in Journal(path).find()] == ["A", "B"]


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.jsonl"
    Journal(path).record([made(1)])
    path.write_text(path.read_text() + '{"received": 2, "na')
    assert len(Journal(path).find()) == 1


def test_the_file_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.jsonl"
    journal = Journal(path, keep=10)
    for number in range(100):
        journal.record([made(number)])
        assert len(path.read_text().splitlines()) <= 20
    assert [one.received for one in Journal(path, keep=10).find()] == list(map(float, range(90, 100)))


def test_questions(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deliveries.jsonl")
    journal.record([made(1), made(2, "B"), made(3, "A", "resolved"), made(4)])
    assert [one.received for one in journal.find(name="A")] == [1, 3, 4]
    assert [one.received for one in journal.find(name="A", status="firing", since=2)] == [4]
    assert [one.received for one in journal.find(limit=2)] == [3, 4]
    assert journal.find(limit=0) == []


def test_the_watchdog_is_heard_and_not_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deliveries.jsonl")
    assert journal.watchdog is None
    journal.record([made(7, "Watchdog")])
    assert journal.watchdog == 7
    assert journal.find() == []
    assert journal.counts == {("Watchdog", "firing"): 1}
