"""The real process: it serves, logs JSON without secrets, and stops in order."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

from shopkit.testing.programs import free_port
from shopkit.testing.service import asked

from basket import __version__

ROOT = Path(__file__).parent.parent


def start(**environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "basket"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f".{os.pathsep}{ROOT.parent / '_lib'}", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_serves_logs_and_stops(redis_url: str) -> None:
    port = free_port()
    settings = {"BASKET_HOST": "127.0.0.1", "BASKET_PORT": str(port), "REDIS_URL": redis_url}
    with start(**settings, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") as process:
        try:
            asked(f"http://127.0.0.1:{port}/readyz")
            assert json.loads(asked(f"http://127.0.0.1:{port}/baskets/s1"))["items"] == []
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    [request] = [line for line in map(json.loads, out.splitlines()) if line["message"] == "request"]
    assert (request["service"], request["version"]) == ("basket", __version__)
    assert request["fields"]["route"] == "/baskets/{id}"
    assert request["trace_id"]


def test_wrong_settings_end_the_process_with_one_line() -> None:
    with start(REDIS_URL="redis://basket:hunter2@redis:6379/1") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == "basket: REDIS_URL is '***': leave the password out of the URL, it has a variable of its own\n"


def test_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
