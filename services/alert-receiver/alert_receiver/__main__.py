"""Run the receiver: `python3 -m alert_receiver`. Settings come from ALERT_RECEIVER_* variables."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from alert_receiver.deliveries import Journal
from alert_receiver.http import Server


def main() -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status."""
    directory = Path(os.environ.get("ALERT_RECEIVER_DIRECTORY", "."))
    port = os.environ.get("ALERT_RECEIVER_PORT", "8080")
    try:
        journal = Journal(directory / "deliveries.jsonl", int(os.environ.get("ALERT_RECEIVER_KEEP", "2000")))
        server = Server((os.environ.get("ALERT_RECEIVER_HOST", "0.0.0.0"), int(port)), journal)  # noqa: S104
    except (OSError, ValueError) as error:
        print(f"alert-receiver: {error}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
