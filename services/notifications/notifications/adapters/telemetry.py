"""What is counted."""

from __future__ import annotations

from shopkit.metrics import Metrics


class Counters:
    """Counts mails by what became of them."""

    def __init__(self, metrics: Metrics) -> None:
        self._mails = metrics.counter(
            "notifications_mails_total", "Mails: sent, refused for good, failed for now, repeated", ("kind", "outcome")
        )

    def mailed(self, kind: str, outcome: str) -> None:
        self._mails.labels(kind, outcome).inc()
