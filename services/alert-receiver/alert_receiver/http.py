"""HTTP: Alertmanager delivers to POST /alerts; people and tests ask GET /deliveries."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from alert_receiver import __version__
from alert_receiver.deliveries import Delivery, Journal, PayloadError, read

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a notification; Alertmanager's are a few kilobytes."""


class Server(ThreadingHTTPServer):
    """Serves one journal."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], journal: Journal) -> None:
        self.journal = journal
        super().__init__(address, Handler)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    server_version = f"alert-receiver/{__version__}"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self) -> None:
        """Take a notification; 204 once it is recorded, so that Alertmanager tries again otherwise."""
        length = int(self.headers.get("Content-Length") or 0)
        if urlsplit(self.path).path != "/alerts":
            return self._answer(404, {"error": "post notifications to /alerts"}, close=True)
        if not 0 < length <= MAX_BODY:
            return self._answer(413 if length else 411, {"error": f"a body of 1 to {MAX_BODY} bytes"}, close=True)
        try:
            deliveries = read(self.rfile.read(length), time.time())
            self.server.journal.record(deliveries)
        except PayloadError as error:
            return self._answer(400, {"error": str(error)})
        except OSError as error:
            return self._answer(507, {"error": f"not recorded: {error}"})
        for delivery in deliveries:
            _log(delivery)
        return self._answer(204, None)

    def do_GET(self) -> None:
        """Deliveries, health and metrics."""
        url = urlsplit(self.path)
        if url.path == "/deliveries":
            query = {key: values[-1] for key, values in parse_qs(url.query).items()}
            try:
                found = self.server.journal.find(
                    query.get("name", ""),
                    query.get("status", ""),
                    float(query.get("since", 0)),
                    int(query.get("limit", 100)),
                )
            except ValueError as error:
                return self._answer(400, {"error": str(error)})
            return self._answer(200, {"deliveries": [asdict(one) for one in found]})
        if url.path in ("/healthz", "/readyz"):
            return self._answer(200, {"status": "ok"})
        if url.path == "/metrics":
            return self._text(200, metrics(self.server.journal), "text/plain; version=0.0.4; charset=utf-8")
        return self._answer(404, {"error": "ask for /deliveries, /metrics, /healthz or /readyz"})

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: deliveries are."""

    def _answer(self, status: int, content: object, *, close: bool = False) -> None:
        self.close_connection = close
        self._text(status, "" if content is None else json.dumps(content) + "\n", "application/json")

    def _text(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def metrics(journal: Journal) -> str:
    """Counts by alert and status, and when the watchdog was last heard, in Prometheus' text format."""
    lines = ["# TYPE alert_receiver_deliveries_total counter"]
    lines += [
        f'alert_receiver_deliveries_total{{alert="{name}",status="{status}"}} {count}'
        for (name, status), count in sorted(journal.counts.items())
    ]
    lines += ["# TYPE alert_receiver_deliveries_kept gauge", f"alert_receiver_deliveries_kept {journal.kept}"]
    lines += ["# TYPE alert_receiver_watchdog_age_seconds gauge"]
    if journal.watchdog is not None:
        lines.append(f"alert_receiver_watchdog_age_seconds {time.time() - journal.watchdog:.3f}")
    return "\n".join(lines) + "\n"


def _log(delivery: Delivery) -> None:
    """One JSON line a delivery, in the schema of the platform's services."""
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(delivery.received)),
        "level": "info",
        "service": "alert-receiver",
        "version": __version__,
        "message": f"{delivery.status}: {delivery.name}",
        "fields": {"labels": delivery.labels, "summary": delivery.annotations.get("summary", "")},
    }
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()
