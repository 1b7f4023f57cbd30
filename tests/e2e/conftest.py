"""What the end-to-end tests share: one raised platform, plays and kubectl against it, a place for what drills measured.

By default the platform is environment ``e2e``, raised first and destroyed last. With ``GANTRY_E2E_INVENTORY`` (a path
such as ``inventories/local``) the tests look at that environment, which must be up: nothing is raised or destroyed,
tests marked ``life`` are left out, and those marked ``harm`` run only when asked for by ``-m harm``.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.machines.host import snapshot
from ansible_collections.gantry.platform.plugins.module_utils.verify import report
from ansible_collections.gantry.platform.plugins.module_utils.verify.model import Result

from tests.plays import ROOT as ROOT
from tests.plays import Run as Run
from tests.plays import run_play

T = TypeVar("T")

ADOPTED = "GANTRY_E2E_INVENTORY" in os.environ
INVENTORY = ROOT / os.environ.get("GANTRY_E2E_INVENTORY", "tests/e2e/inventory")
CONTRACT: dict[str, Any] = yaml.safe_load((INVENTORY / "group_vars/all/platform.yml").read_text())
ENVIRONMENT: str = CONTRACT["platform_environment"]
PLATFORM = ROOT / ".platform" / ENVIRONMENT
STATE = Path("/var/lib/gantry") / ENVIRONMENT

FIRST = ("test_raised",)
LAST = ("test_components", "test_harm", "test_destroyed")
"""Modules that begin and end the platform's life; what stands in neither is a drill and runs in between, by name."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the modules into the order of the platform's life, and leaves out what must not happen to an adopted one."""

    def place(item: pytest.Item) -> tuple[int, str]:
        module = item.path.stem
        if module in FIRST:
            return FIRST.index(module), ""
        return (100 + LAST.index(module), "") if module in LAST else (50, module)

    ours = [item for item in items if item.path.is_relative_to(ROOT / "tests/e2e")]
    asked = config.getoption("markexpr")
    unwanted = {name for name in ("soak", "slow") if name not in asked}
    if ADOPTED:
        unwanted |= {"life"} if "harm" in asked else {"life", "harm"}
    left_out = [item for item in ours if any(item.get_closest_marker(name) for name in unwanted)]
    config.hook.pytest_deselected(items=left_out)
    kept = sorted((item for item in ours if item not in left_out), key=place)
    items[:] = [item for item in items if item not in ours] + kept


# Plays


def play(*arguments: str) -> Run:
    """Run ansible-playbook against the inventory, showing its output as it goes."""
    return run_play([INVENTORY], *arguments)


@pytest.fixture(scope="session")
def before() -> Any:
    """The host as it was, after clearing what an interrupted run may have left; of an adopted platform nothing."""
    if ADOPTED:
        return None
    play("playbooks/destroy.yml", "-e", f"confirm={ENVIRONMENT}")
    return snapshot()


@pytest.fixture(scope="session", autouse=True)
def raised(before: Any) -> Run | None:
    """The platform, raised by site; the run that raised it, unless it was there already."""
    if ADOPTED:
        assert (PLATFORM / "kubeconfig").exists(), f"environment {ENVIRONMENT} is not up"
        return None
    run = play("playbooks/site.yml")
    assert run.code == 0, "site failed: see its output above"
    return run


# The cluster


def binary(name: str) -> str:
    """Path of a program of the bundle."""
    return str(json.loads((PLATFORM / "bundle.json").read_text())["binaries"][name])


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """What the bundle's kubectl prints; fails with what it says."""
    command = [binary("kubectl"), "--kubeconfig", str(PLATFORM / "kubeconfig"), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr.strip()}"
    return done.stdout


def objects(*arguments: str) -> list[dict[str, Any]]:
    """Objects, as ``kubectl get`` finds them by these arguments."""
    found: dict[str, Any] = json.loads(kubectl("get", *arguments, "--output=json"))
    items: list[dict[str, Any]] = found["items"] if found["kind"] == "List" else [found]
    return items


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The raised cluster's kubeconfig."""
    return PLATFORM / "kubeconfig"


@contextmanager
def forward(namespace: str, target: str, port: int) -> Iterator[str]:
    """``http://127.0.0.1:<port>`` that leads to a port of ``service/x`` or ``pod/x``, past policies and mesh."""
    command = [binary("kubectl"), "--kubeconfig", str(PLATFORM / "kubeconfig"), "--namespace", namespace]
    with subprocess.Popen(
        [*command, "port-forward", target, f":{port}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+)", said)
            assert found, f"port-forward {namespace} {target}: {said}"
            yield f"http://127.0.0.1:{found.group(1)}"
        finally:
            process.terminate()


# The one address


@dataclass(frozen=True)
class Answer:
    """An HTTP answer of any status; ``seconds`` from the request to the end of the body."""

    status: int
    headers: Mapping[str, str]
    body: str
    seconds: float

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def lowered(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case."""
    return {name.lower(): value for name, value in headers}


class Stay(urllib.request.HTTPRedirectHandler):
    """Redirects are answers like others."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""
        return


def address() -> str:
    """The one address of the platform, without a trailing slash: known before the platform is up."""
    first = IPv4Network(CONTRACT["platform_networks"]["machines"])[10]
    return f"https://{first}:{CONTRACT['platform_gateway_ports']['https']}"


def get(
    url: str,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    body: str | bytes | None = None,
    timeout: float = 10,
) -> Answer:
    """Asks a path of the platform's address (``/shop``) or a whole URL, trusting the platform's CA alone."""
    request = urllib.request.Request(
        address() + url if url.startswith("/") else url,
        data=body.encode() if isinstance(body, str) else body,
        headers=dict(headers or {}),
        method=method,
    )
    context = ssl.create_default_context(cafile=str(PLATFORM / "ca.crt"))
    opener = urllib.request.build_opener(Stay, urllib.request.HTTPSHandler(context=context))
    began = time.monotonic()
    try:
        with opener.open(request, timeout=timeout) as answer:
            text = answer.read().decode(errors="replace")
            return Answer(answer.status, lowered(answer.headers.items()), text, time.monotonic() - began)
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")
        return Answer(error.code, lowered(error.headers.items()), text, time.monotonic() - began)


def query(expression: str) -> list[dict[str, Any]]:
    """Series that Prometheus finds now for an expression: ``{metric: {…}, value: [time, text]}`` each."""
    found = get("/prometheus/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    assert found.status == 200, found.body
    series: list[dict[str, Any]] = found.json()["data"]["result"]
    return series


def wait_until(ask: Callable[[], T], within: float, what: str, pause: float = 0.5) -> T:
    """What ``ask`` returns as soon as that is true; an error is a "not yet". Fails after ``within`` seconds."""
    began, last = time.monotonic(), "nothing"
    while True:
        try:
            if answer := ask():
                return answer
            last = repr(answer)
        except (AssertionError, OSError, ValueError, LookupError) as error:
            last = f"{type(error).__name__}: {error}"
        assert time.monotonic() - began < within, f"{what}: not within {within} s; last {last}"
        time.sleep(pause)


# Evidence


def checks() -> dict[str, dict[str, Any]]:
    """The checks of verify.json by id."""
    found = json.loads((PLATFORM / "reports/verify.json").read_text())
    assert found["environment"] == ENVIRONMENT
    return {check["id"]: check for check in found["checks"]}


RECEIVED = (
    "import sys, urllib.request as u; "
    "print(u.urlopen('http://127.0.0.1:8080/deliveries?name=' + sys.argv[1] + '&status=firing').read().decode())"
)


def delivered(name: str, since: float, **labels: str) -> dict[str, Any] | None:
    """An alert with these labels as the receiver recorded it since a moment (seconds of the epoch), if it did."""
    said = kubectl("-n", "monitoring", "exec", "alert-receiver-0", "--", "python3", "-c", RECEIVED, name)
    for one in json.loads(said)["deliveries"]:
        if one["received"] >= since and labels.items() <= one["labels"].items():
            return dict(one)
    return None


def moment() -> str:
    """Now, as verify.json has it in ``at``."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def failing(since: str = "") -> list[dict[str, Any]]:
    """Checks that do not hold, of those asked since a moment."""
    return [check for check in checks().values() if not check["ok"] and check["at"] >= since]


def record(id: str, row: str, title: str, ok: bool, seconds: float, evidence: str) -> None:
    """Writes a drill's result into verify.json, in the place of an earlier one of the same id (``<role>.<what>``)."""
    assert row in report.AREAS
    result = Result(id=id, row=row, title=title, ok=ok, seconds=round(seconds, 3), at=moment(), evidence=evidence)
    report.write(PLATFORM / "reports", ENVIRONMENT, [result])


class Drill:
    """What a drill has to tell: ``evidence``, and ``seconds`` where they are not those of the whole drill."""

    def __init__(self) -> None:
        self.evidence = ""
        self.seconds: float | None = None


@contextmanager
def drill(id: str, row: str, title: str) -> Iterator[Drill]:
    """Records how a drill went: it holds unless the block raises; its seconds are the block's unless told otherwise."""
    told, began = Drill(), time.monotonic()
    try:
        yield told
    except BaseException as error:
        record(id, row, title, False, time.monotonic() - began, f"{type(error).__name__}: {error}"[:600])
        raise
    seconds = time.monotonic() - began if told.seconds is None else told.seconds
    record(id, row, title, True, seconds, told.evidence)
