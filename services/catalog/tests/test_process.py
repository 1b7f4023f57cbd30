"""The real process: it starts, logs JSON of one schema, ends in order on SIGTERM, refuses wrong settings."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from shopkit.testing.programs import free_port
from shopkit.testing.service import asked
from shopkit.tracing import trace_ids

from catalog import __version__
from catalog.adapters.settings import Settings

ROOT = Path(__file__).parent.parent
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


def start(environ: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "catalog"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "../_lib"), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_serves_logs_and_stops() -> None:
    port, traced = free_port(), {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    settings = {"CATALOG_HOST": "127.0.0.1", "CATALOG_PORT": str(port), "CATALOG_ENVIRONMENT": "test"}
    with start(settings) as process:
        try:
            asked(f"http://127.0.0.1:{port}/readyz")
            assert "http_requests_total" in asked(f"http://127.0.0.1:{port}/metrics")
            assert json.loads(asked(f"http://127.0.0.1:{port}/products?q=mug", **traced))["total"] >= 1
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    for line in lines:
        assert set(line) - {"trace_id", "span_id"} == {
            "time",
            "level",
            "service",
            "version",
            "environment",
            "message",
            "fields",
        }
    [request] = [line for line in lines if line["message"] == "request"]
    assert (request["trace_id"], request["environment"]) == (TRACE, "test")
    assert re.fullmatch("[0-9a-f]{16}", request["span_id"])
    assert request["span_id"] != SPAN, "the line is of the caller's span, not of the request's own"
    assert request["fields"].keys() == {"method", "route", "status", "milliseconds"}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CATALOG_PORT", "http", "CATALOG_PORT is 'http': give a whole number from 1 to 65535"),
        ("CATALOG_PORT", "70000", "CATALOG_PORT is '70000'"),
        ("CATALOG_LOG_LEVEL", "loud", "CATALOG_LOG_LEVEL is 'loud': give one of debug, info, warning, error"),
    ],
)
def test_refuses_wrong_settings(name: str, value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings.read({name: value})


def test_wrong_settings_end_the_process_with_one_line() -> None:
    with start({"CATALOG_PORT": "0"}) as process:
        _, err = process.communicate(timeout=10)
    assert process.returncode == 2
    assert err == "catalog: CATALOG_PORT is '0': give a whole number from 1 to 65535\n"


@pytest.mark.parametrize(
    "header", ["", "00", f"00-{TRACE}-{SPAN}", f"00-{TRACE}-{SPAN}-01\n", f"00-{TRACE.upper()}-{SPAN}-01"]
)
def test_malformed_traceparent_is_ignored(header: str) -> None:
    assert trace_ids(header) == {}


def test_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
