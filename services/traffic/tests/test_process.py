"""The whole program against a shop on HTTPS."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Shop

ROOT = Path(__file__).resolve().parents[1]


def command(shop: Shop, scenario: str, report: Path, seconds: int = 10, users: int = 2) -> list[str]:
    given = {"scenario": scenario, "users": users, "seconds": seconds, "address": shop.address, "ca": shop.ca}
    options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
    return [sys.executable, "-m", "traffic", *options, "--report", str(report)]


def run(shop: Shop, scenario: str, report: Path, **more: int) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        command(shop, scenario, report, **more), cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(report.read_text()), done.stdout + done.stderr


@pytest.mark.parametrize("scenario", ["browse", "peak"])
def test_customers_look_around(shop: Shop, tmp_path: Path, scenario: str) -> None:
    code, told, out = run(shop, scenario, tmp_path / "r.json", users=4)
    assert (code, told["errors"]) == (0, 0), out
    assert {"page", "products", "product", "stock"} <= set(told["names"])
    assert sum(one["requests"] for one in told["by_second"]) == told["requests"] >= len(shop.asked) > 0
    assert all("/api/api" not in path for _, path in shop.asked)


def test_customers_order_with_one_key_until_they_are_answered(shop: Shop, tmp_path: Path) -> None:
    shop.lose, shop.degraded = 1, True
    code, told, out = run(shop, "buy", tmp_path / "r.json")
    assert code == 0, out
    assert told["errors"] == 1, out
    assert told["failures"][0] == {"name": "order", "error": "status 503", "count": 1}
    assert told["orders"]
    assert {key: [order] for key, order in shop.orders.items()} == told["orders"]
    assert told["names"]["order's end"]["errors"] == 0
    assert told["degraded"] > 0


def test_a_shop_that_answers_nothing_well_fails_the_run(shop: Shop, tmp_path: Path) -> None:
    shop.broken = True
    code, told, out = run(shop, "browse", tmp_path / "r.json")
    assert (code, told["errors"]) == (1, told["requests"]), out
    assert "status 503" in out


def test_an_unknown_authority_is_not_trusted(shop: Shop, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    untrusting = [one for one in command(shop, "browse", report) if one not in ("--ca", str(shop.ca))]
    done = subprocess.run(untrusting, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert shop.asked == []


def test_told_to_end_it_ends_and_reports(shop: Shop, tmp_path: Path) -> None:
    report = tmp_path / "r.json"
    with subprocess.Popen(
        command(shop, "browse", report, seconds=50), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        deadline = time.monotonic() + 20
        while not shop.asked and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    assert json.loads(report.read_text())["requests"] > 0


def test_options_that_cannot_be_meant_end_it_before_anything_is_asked(shop: Shop, tmp_path: Path) -> None:
    done = subprocess.run(
        command(shop, "browse", tmp_path / "r.json", users=999), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "users is '999'" in done.stderr
    assert shop.asked == []
