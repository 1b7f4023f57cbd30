"""The whole shop on this machine, without a platform: real stores, every service a process, customers, an audit.

``make shop`` or, in the environment of ``services/_lib``: ``python -m tests.shop.local [--seconds 40] [--users 5]``.

Customers buy through the shop's API; meanwhile the broker is killed and started again, the payment provider fails and
loses answers, and two services are killed midway. Then the books must agree, and every line that was logged must be of
the one schema: else it ends with 1 and names what is wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from shopkit.testing import programs as stores
from shopkit.testing.programs import Program, free_port

from tests.shop.facts import Facts
from tests.shop.judge import findings, told
from tests.shop.logs import judged
from tests.shop.phases import Phase, table
from tests.shop.programs import QUERIES, ROWS, STREAM, assemble

ROOT = Path(__file__).resolve().parents[2]
DATABASES = ("catalog", "orders", "orderview", "stock", "payments", "notifications")
BESIDE = {"payment-provider": "payments.provider", "mail-sink": "notifications.sink"}
"""Processes that are no services of their own: by the module that runs them."""
SESSION_KEY = "a-key-for-one-run-on-one-machine"
CARD = "4111111111111111"
"""The number of a test card, which somebody types where it does not belong."""
SERVICES = ("catalog", "basket", "stock", "orders", "orderview", "payments", "notifications", *BESIDE)


def http(method: str, url: str, body: object = None) -> Any:
    """The answer's JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def ready(port: int) -> bool:
    """Whether a service takes requests."""
    with (
        contextlib.suppress(OSError, urllib.error.URLError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer,
    ):
        return bool(answer.status == 200)
    return False


@dataclass
class Shop:
    """All processes, by name; `directory` has their logs and data."""

    directory: Path
    programs: dict[str, Program] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def start(self) -> None:
        """Stores first, then services."""
        for name, make in (("postgres", stores.postgres), ("nats", stores.nats), ("redis", stores.redis)):
            self._start(name, make(self._place(name)))
        with psycopg.connect(self._database("postgres", "postgres"), autocommit=True) as connection:
            for name in DATABASES:
                connection.execute(f'create role "{name}" login')
                connection.execute(f'create database "{name}" owner "{name}"')
        self.ports = {name: free_port() for name in (*SERVICES, "shopapi", "smtp")}
        for name in SERVICES:
            self._start(name, self._service(name))
        self._start("shopapi", self._shopapi())

    def stop(self) -> None:
        """Everything, the last one first."""
        for program in reversed(self.programs.values()):
            program.kill()

    def restart(self, name: str, away: float = 0.0) -> None:
        """Kill it, and start it again some seconds later."""
        self.programs[name].kill()
        time.sleep(away)
        self.programs[name].start()

    def url(self, name: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def facts(self) -> Facts:
        """The books."""
        found = {name: self._read(name, ROWS, json.dumps(queries)) for name, queries in QUERIES.items()}
        fetched = {
            name: http("GET", self.url(place) + path)
            for name, place, path in (("provider", "payment-provider", "/charges"), ("sink", "mail-sink", "/mails"))
        }
        return assemble({**found, **fetched, "stream": self._read("catalog", STREAM)})

    def settled(self, within: float) -> Facts:
        """The books as soon as nothing is under way, or as they are after so many seconds."""
        deadline = time.monotonic() + within
        while not (facts := self.facts()).settled and time.monotonic() < deadline:
            time.sleep(2)
        return facts

    def _start(self, name: str, program: Program) -> None:
        self.programs[name] = program
        program.start(60)

    def _place(self, name: str) -> Path:
        place = self.directory / name
        place.mkdir()
        return place

    def _database(self, user: str, name: str) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.programs['postgres'].port}/{name}"

    def environ(self, name: str) -> dict[str, str]:
        """The variables of a service."""
        prefix, module = name.upper().replace("-", "_"), BESIDE.get(name, name).partition(".")[0]
        known = {
            f"{prefix}_HOST": "127.0.0.1",
            f"{prefix}_PORT": str(self.ports[name]),
            "DATABASE_URL": self._database(name, name) if name in DATABASES else "",
            "NATS_URL": f"nats://127.0.0.1:{self.programs['nats'].port}",
            "REDIS_URL": f"redis://127.0.0.1:{self.programs['redis'].port}/{int(name == 'basket')}",
            "PYTHONPATH": f"{ROOT / 'services/_lib'}:{ROOT / 'services' / module}",
        }
        own = {
            "payments": {"PAYMENTS_PROVIDER_URL": self.url("payment-provider")},
            "payment-provider": {"PAYMENT_PROVIDER_LEDGER": str(self.directory / "ledger.db")},
            "notifications": {"NOTIFICATIONS_SMTP_URL": f"smtp://127.0.0.1:{self.ports['smtp']}"},
            "mail-sink": {"MAIL_SINK_SMTP_PORT": str(self.ports["smtp"])},
            "stock": {"STOCK_SEED_QUANTITY": "100000"},
        }.get(name, {})
        return {key: value for key, value in {**known, **own}.items() if value}

    def _service(self, name: str) -> Program:
        command = [sys.executable, "-m", BESIDE.get(name, name)]
        return Program(name, command, self.ports[name], self._place(name), environ=self.environ(name), ready=ready)

    def _shopapi(self) -> Program:
        upstreams = ("catalog", "basket", "stock", "orders", "orderview")
        environ = {
            "SHOPAPI_HOST": "127.0.0.1",
            "SHOPAPI_PORT": str(self.ports["shopapi"]),
            "SHOPAPI_SESSION_KEY": SESSION_KEY,
            **{f"SHOPAPI_{name.upper()}_URL": self.url(name) for name in upstreams},
        }
        own = ROOT / "services/.node/bin/node"
        command = [str(own) if own.exists() else "node", str(ROOT / "services/shopapi/dist/shopapi.mjs")]
        place = self._place("shopapi")
        return Program("shopapi", command, self.ports["shopapi"], place, environ=environ, ready=ready)

    def _read(self, name: str, program: str, *arguments: str) -> Any:
        command = [sys.executable, "-c", program, *arguments]
        environ = {**os.environ, **self.environ(name)}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr[-800:]}")
        return json.loads(done.stdout)


def troubles(shop: Shop, seconds: float) -> list[Phase]:
    """Four faults, one after the other, in so many seconds; each as long as it takes."""
    pause, provider = seconds / 8, shop.url("payment-provider")
    phases: list[Phase] = []

    def until(name: str, began: float) -> float:
        phases.append(Phase(name, began, time.time()))
        return time.time()

    at = time.time()
    time.sleep(pause)
    at = until("before", at)
    shop.restart("nats", away=pause)
    at = until("broker killed", at)
    http("PUT", f"{provider}/faults", {"error_rate": 0.5, "lost_rate": 0.2})
    time.sleep(2 * pause)
    http("PUT", f"{provider}/faults", {})
    at = until("provider fails, loses answers", at)
    shop.restart("payments")
    time.sleep(pause)
    at = until("payments killed", at)
    shop.restart("orders")
    time.sleep(pause)
    at = until("orders killed", at)
    time.sleep(2 * pause)
    until("after", at)
    return phases


def lines(shop: Shop) -> list[str]:
    """What is wrong with the lines that the services wrote."""
    wrong: list[str] = []
    for name in (*SERVICES, "shopapi"):
        found = judged((shop.directory / name / "log").read_text(), [SESSION_KEY])
        wrong += [f"log of {name}, {one}" for one in found.wrong] + ([] if found.lines else [f"{name} wrote nothing"])
    return wrong


def customers(shop: Shop, users: int, seconds: int, report: Path) -> subprocess.Popen[bytes]:
    """Who buys meanwhile. The page is not served here: asking for it is an error that is not the shop's."""
    given = {"scenario": "buy", "users": users, "seconds": seconds, "address": shop.url("shopapi"), "report": report}
    command = [str(ROOT / "services/traffic/.venv/bin/python"), "-m", "traffic"]
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        [*command, *(f"--{key}={value}" for key, value in given.items())],
        cwd=ROOT / "services/traffic",
        env=environ,
        stdout=sys.stdout,
    )


def run(shop: Shop, users: int, seconds: int) -> int:
    """Customers, troubles, audit; the exit status."""
    shop.start()
    before = shop.facts().told()
    path = shop.directory / "traffic.json"
    with customers(shop, users, seconds + 30, path) as process:
        time.sleep(5)
        phases = troubles(shop, seconds)
        process.terminate()
    report: Mapping[str, Any] = json.loads(path.read_text())
    print(table(phases, report))
    facts = shop.settled(within=120)
    found = findings(facts, report["orders"], before)
    print(told(facts, found))
    http("GET", f"{shop.url('shopapi')}/api/products?q={CARD}")
    http("GET", f"{shop.url('catalog')}/products?q={CARD}")
    wrong = lines(shop)
    print("\n".join(wrong[:20]) if wrong else "every line of every service is of the one schema")
    return 1 if found or wrong or not facts.orders else 0


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.shop.local", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--users", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--keep", type=Path, help="directory for logs and data, which then stay")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        if given.keep:
            given.keep.mkdir(parents=True)
        directory = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shop-")))
        directory.chmod(0o755)
        shop = Shop(directory)
        stack.callback(shop.stop)
        return run(shop, given.users, given.seconds)


if __name__ == "__main__":
    sys.exit(main())
