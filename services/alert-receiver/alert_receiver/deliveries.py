"""Deliveries of Alertmanager: reading them, keeping them in a file of JSON lines, finding them again."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

WATCHDOG = "Watchdog"
"""The alert that always fires: its deliveries are counted, not kept."""


@dataclass(frozen=True)
class Delivery:
    """One alert of one notification. Times are RFC 3339; `received` is seconds since the epoch."""

    received: float
    name: str
    status: str
    starts_at: str
    ends_at: str
    fingerprint: str
    labels: dict[str, str]
    annotations: dict[str, str]


class PayloadError(ValueError):
    """The body is not a notification of Alertmanager's webhook (version 4)."""


def read(body: bytes, received: float) -> list[Delivery]:
    """The alerts of a notification. Raises PayloadError."""
    try:
        payload = json.loads(body)
        return [_delivery(alert, received) for alert in payload["alerts"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PayloadError(f"not a notification of Alertmanager: {error!r}") from error


def _delivery(alert: dict[str, Any], received: float) -> Delivery:
    labels = {str(key): str(value) for key, value in alert["labels"].items()}
    return Delivery(
        received=received,
        name=labels["alertname"],
        status=str(alert["status"]),
        starts_at=str(alert["startsAt"]),
        ends_at=str(alert.get("endsAt", "")),
        fingerprint=str(alert.get("fingerprint", "")),
        labels=labels,
        annotations={str(key): str(value) for key, value in alert.get("annotations", {}).items()},
    )


class Journal:
    """The last `keep` deliveries, in memory and in `path`; the file is written anew when it holds twice as many."""

    def __init__(self, path: Path, keep: int = 2000) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._kept: deque[Delivery] = deque(_load(path), maxlen=keep)
        self._lines = len(self._kept)
        self.counts: dict[tuple[str, str], int] = {}
        self.watchdog: float | None = None
        """When the watchdog was last heard firing, in seconds since the epoch."""

    @property
    def kept(self) -> int:
        """How many deliveries are kept."""
        return len(self._kept)

    def record(self, deliveries: list[Delivery]) -> None:
        """Keep deliveries; they are on disk when this returns. Raises OSError."""
        with self._lock:
            kept = [one for one in deliveries if one.name != WATCHDOG]
            if kept:
                self._append(kept)
            for one in deliveries:
                self.counts[one.name, one.status] = self.counts.get((one.name, one.status), 0) + 1
                if one.name == WATCHDOG and one.status == "firing":
                    self.watchdog = one.received

    def find(self, name: str = "", status: str = "", since: float = 0.0, limit: int = 100) -> list[Delivery]:
        """The newest `limit` deliveries that match, oldest first."""
        with self._lock:
            found = [
                one
                for one in self._kept
                if one.received >= since and name in ("", one.name) and status in ("", one.status)
            ]
        return found[-limit:] if limit else []

    def _append(self, deliveries: list[Delivery]) -> None:
        self._kept.extend(deliveries)
        self._lines += len(deliveries)
        if self._lines > 2 * (self._kept.maxlen or 0):
            fresh = self._path.with_suffix(".new")
            fresh.write_text("".join(map(_line, self._kept)), encoding="utf-8")
            fresh.replace(self._path)
            self._lines = len(self._kept)
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(map(_line, deliveries))


def _line(delivery: Delivery) -> str:
    return json.dumps(asdict(delivery), separators=(",", ":")) + "\n"


def _load(path: Path) -> Iterator[Delivery]:
    """What an earlier run kept; a line cut short by a crash is left out."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                yield Delivery(**json.loads(line))
            except (ValueError, TypeError):
                continue
