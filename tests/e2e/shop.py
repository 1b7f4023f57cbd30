"""What drills of the shop share: customers who come meanwhile, faults by play, and when the shop has recovered."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.e2e.conftest import CONTRACT, PLATFORM, ROOT, Drill, address, get, kubectl, objects, play, query, wait_until
from tests.shop.collect import Shop
from tests.shop.facts import Facts
from tests.shop.judge import findings, told
from tests.shop.phases import Phase, seen, table

OFF = "shop_enabled is false in the inventory: there is no shop to drill"
ENABLED = bool(CONTRACT.get("shop_enabled"))
NAMESPACE = "shop"
RECOVERY_SECONDS = 180
STEADY_SECONDS = 15
TRAFFIC = ROOT / "services/traffic"


@dataclass(frozen=True)
class Trouble:
    """One fault of a drill: the play's arguments, or something else to do."""

    name: str
    arguments: Sequence[str] = ()
    act: Callable[[], None] | None = None

    @classmethod
    def by_play(cls, name: str, seconds: int, **more: object) -> Trouble:
        """A fault of ``playbooks/faults.yml``."""
        given = {"fault": name, "fault_seconds": seconds, **{f"fault_{key}": value for key, value in more.items()}}
        title = " ".join([name, str(more.get("service", ""))]).strip()
        return cls(title, [text for key, value in given.items() for text in ("-e", f"{key}={value}")])

    def happen(self) -> None:
        """Make it, and wait until it is over."""
        if self.act:
            self.act()
        else:
            assert play("playbooks/faults.yml", *self.arguments).code == 0, f"fault {self.name} failed"


@dataclass
class Customers:
    """Customers who come while a drill goes on; ``report`` is there once they have gone."""

    path: Path
    report: dict[str, Any] = field(default_factory=dict)


@contextmanager
def customers(scenario: str, users: int, seconds: int) -> Iterator[Customers]:
    """Let customers come until the block ends, ``seconds`` at most."""
    subprocess.run(["make", "--no-print-directory", "-C", str(TRAFFIC), "installed"], check=True)
    found = Customers(PLATFORM / "reports/traffic.json")
    found.path.unlink(missing_ok=True)
    options = {
        "scenario": scenario,
        "users": users,
        "seconds": seconds,
        "address": f"{address()}/shop",
        "ca": PLATFORM / "ca.crt",
        "report": found.path,
    }
    given = [f"--{key}={value}" for key, value in options.items()]
    command = [str(TRAFFIC / ".venv/bin/python"), "-m", "traffic", *given]
    with subprocess.Popen(command, cwd=TRAFFIC) as process:
        try:
            yield found
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
    found.report = json.loads(found.path.read_text())


RECEIVE = """
import json, sys, urllib.request
for sku in sys.argv[2:]:
    body = json.dumps({"quantity": int(sys.argv[1])}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:8080/stock/{sku}/receive", body)
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=10).close()
"""
"""Run in a pod of the stock: no rule of the mesh lets anybody else receive goods."""


def restock(pieces: int) -> Facts:
    """Goods for a whole drill, else all that it shows is orders that are out of stock; the books afterwards."""
    shop = Shop(PLATFORM / "kubeconfig")
    skus = [level.sku for level in shop.settled(within=120).levels]
    command = ["python3", "-c", RECEIVE, str(pieces), *skus]
    kubectl("exec", "deployment/stock", f"--namespace={NAMESPACE}", "--container=stock", "--", *command)
    return shop.facts()


def ready() -> bool:
    """Whether every workload of the shop and of its stores has all its pods."""
    for namespace in (NAMESPACE, "data"):
        for workload in objects("deployments,statefulsets", f"--namespace={namespace}"):
            wanted = workload["spec"].get("replicas", 1)
            assert (workload["status"].get("readyReplicas") or 0) == wanted, workload["metadata"]["name"]
    return True


def recovered() -> bool:
    """Whether the shop is whole again: pods there, answers not degraded, breakers closed, outboxes empty."""
    ready()
    for path in ("/shop/api/products", "/shop/api/basket", "/shop/api/orders"):
        answer = get(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        assert not answer.json().get("degraded"), f"{path} is degraded"
    for expression in ('sum(breaker_state{state="open"}) or vector(0)', "sum(outbox_pending > 50) or vector(0)"):
        assert float(query(expression)[0]["value"][1]) == 0, expression
    return True


def endure(troubles: Sequence[Trouble], users: int, seconds: int) -> tuple[list[Phase], Customers]:
    """Peak load; each trouble, and the shop recovered from it before the next comes."""
    phases: list[Phase] = []

    def phase(name: str, act: Callable[[], object]) -> None:
        began = time.time()
        act()
        phases.append(Phase(name, began, time.time()))

    with customers("peak", users, seconds) as found:
        time.sleep(10)
        phase("before", lambda: time.sleep(STEADY_SECONDS))
        for trouble in troubles:
            phase(trouble.name, trouble.happen)
            what = f"the shop recovers from {trouble.name}"
            phase("  recovery", partial(wait_until, recovered, RECOVERY_SECONDS, what, pause=2))
            phase("  steady", lambda: time.sleep(STEADY_SECONDS))
    return phases, found


def books(report: dict[str, Any], before: Facts) -> Facts:
    """The books once nothing is under way; they must agree, with what customers were told, too."""
    facts = Shop(PLATFORM / "kubeconfig").settled(within=360)
    found = findings(facts, report["orders"], before.told())
    assert not found, told(facts, found)
    return facts


def judge(phases: Sequence[Phase], found: Customers, before: Facts, drill: Drill) -> None:
    """Print what customers saw, audit, and fail where the shop was not well before or after."""
    text = table(phases, found.report)
    print(f"\n{text}\n", flush=True)
    (PLATFORM / "reports/shop.txt").write_text(text + "\n")
    facts = books(found.report, before)
    steady = [seen(phase, found.report) for phase in phases if phase.name in ("before", "  steady")]
    for one in steady:
        assert one.requests > 0, f"{one.phase.name}: no requests"
        assert one.error_rate <= 0.01, f"{one.phase.name}: {one.error_rate:.1%} of {one.requests} requests failed"
    orders = len(facts.orders) - len(before.orders)
    assert orders > 0
    worst = max((seen(phase, found.report) for phase in phases), key=lambda one: one.error_rate)
    drill.evidence = (
        f"{orders} orders, none lost or doubled; {len(steady) - 1} faults; p99 steady "
        f"{max(one.p99 for one in steady)} ms; most errors {worst.error_rate:.1%} in {worst.phase.name.strip()}"
    )
