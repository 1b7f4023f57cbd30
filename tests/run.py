"""Runs the project's test steps in order, within a time budget, and sums them up.

Usage: ``python tests/run.py STEP…`` with the steps of :data:`STEPS`, or ``all``; those of :data:`SLOW` by their name.
The budget (``GANTRY_TEST_MINUTES``, default 75) bounds the whole run. A step that it does not reach or that it cuts
off, as on a machine that builds the bundle first, is printed as ``not run: …``: neither passed nor failed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LOGS = ROOT / ".platform" / "test-logs"
"""What each step printed, a file a step."""
PLAYBOOK = str(BIN / "ansible-playbook")
E2E_INVENTORY = "tests/e2e/inventory"
ROLES_INVENTORY = "molecule/roles/inventory"
SETS = ("prometheus", "dashboards", "jaeger", "autoscaling", "argocd", "opa", "shop", "tests")
"""Every set of the bundle that a test needs."""
NOT_RUN = "not run"
SERVICES = (
    "_lib",
    "alert-receiver",
    "basket",
    "catalog",
    "dashboards",
    "edge",
    "notifications",
    "orders",
    "orderview",
    "payments",
    "shopapi",
    "stock",
    "storefront",
    "traffic",
)
PAGES = ("dashboards", "storefront")
"""Services whose page is tested in a real browser."""


@dataclass(frozen=True)
class Step:
    """One step: its commands run in order until one fails; ``cleanup`` runs afterwards, whatever happened."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    cleanup: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    """A command of the virtual environment."""
    return (str(BIN / name), *arguments)


def destroy(inventory: str, name: str) -> tuple[str, ...]:
    """The play that removes an environment."""
    return (PLAYBOOK, "playbooks/destroy.yml", "-i", inventory, "-e", f"confirm={name}")


def scenarios(glob: str, *configs: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Molecule's command for the scenarios that a glob finds, with its base configurations, and what it needs."""
    base = [argument for config in configs for argument in ("--base-config", f".config/molecule/{config}.yml")]
    return tool("molecule", *base, "test", "--all"), {"MOLECULE_GLOB": glob}


MACHINES = scenarios("molecule/*/molecule.yml", "config")
ROLES = scenarios("molecule/roles/*/molecule.yml", "config", "roles")
STEPS = (
    Step(
        "lint",
        (
            tool("ruff", "check", "."),
            tool("ruff", "format", "--check", "."),
            tool("mypy", "plugins", "tests", "dashboards"),
            tool("yamllint", "--strict", "."),
            tool("ansible-lint", "playbooks", "roles", "inventories", "molecule", "tests/e2e"),
            tool("antsibull-changelog", "lint"),
        ),
    ),
    Step("unit", (tool("pytest", "tests/unit"),)),
    Step(
        "terraform",
        (tool("pytest", "tests/terraform"), ("make", "--no-print-directory", "-C", "terraform/provider", "test")),
    ),
    Step(
        "services",
        (("make", "-sC", "services", "-j3", "-O", "-k", *(f"{name}.test" for name in SERVICES)),),
    ),
    Step(
        "browser",
        tuple(("make", "--no-print-directory", "-C", f"services/{name}", "browser") for name in PAGES),
    ),
    Step("collection", (tool("pytest", "tests/collection"),)),
    Step(
        "bundle",
        ((PLAYBOOK, "playbooks/bundle.yml", "-i", E2E_INVENTORY, "-e", json.dumps({"bundle_sets": SETS})),),
    ),
    Step("policies", (tool("pytest", "tests/policies", "tests/rules"),)),
    Step("integration", (tool("pytest", "tests/integration"),)),
    Step("e2e", (tool("pytest", "--timeout=1800", "tests/e2e"),), cleanup=destroy(E2E_INVENTORY, "e2e")),
    Step("scenarios", (MACHINES[0],), environment=MACHINES[1]),
    Step(
        "roles",
        ((PLAYBOOK, "playbooks/site.yml", "-i", ROLES_INVENTORY), ROLES[0]),
        cleanup=destroy(ROLES_INVENTORY, "roles"),
        environment=ROLES[1],
    ),
)

HOSTS = scenarios("molecule/slow/*/molecule.yml", "config")
SLOW = (
    Step(
        "slow",
        (
            HOSTS[0],
            tool("pytest", "-s", "-m", "slow", "--timeout=3600", "tests/e2e"),
            destroy(E2E_INVENTORY, "e2e"),
            tool("pytest", "-s", "-m", "slow", "--timeout=3600", "tests/existing"),
            tool("pytest", "-s", "-m", "slow", "--timeout=3600", "tests/offline"),
        ),
        cleanup=destroy(E2E_INVENTORY, "e2e"),
        environment=HOSTS[1],
    ),
)
"""Steps that no limit of ``all`` has room for; they run by their name only."""


_TROUBLE = re.compile(rb"fatal: |FAILED|^E  |ERROR|CRITICAL|[Ee]rror:")
_EXCERPT = 60
"""Lines of a failed step that the end of the run repeats."""


def trouble(printed: bytes) -> str:
    """The last lines that tell of trouble, each with the eight after it: a long output hides them."""
    lines = printed.splitlines()
    told = {at + more for at, line in enumerate(lines) if _TROUBLE.search(line) for more in range(9)}
    return "\n".join(lines[at].decode(errors="replace")[:500] for at in sorted(told)[-_EXCERPT:] if at < len(lines))


def run(command: tuple[str, ...], deadline: float, log: Path, extra: Mapping[str, str] | None = None) -> str | None:
    """Run one command until ``deadline`` (monotonic seconds), its output also in ``log``; return why it failed."""
    print(f"$ {' '.join(command)}", flush=True)
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "GANTRY_REQUIRE_BUNDLE": "1",
        "PATH": f"{BIN}:{os.environ['PATH']}",
        **(extra or {}),
    }
    # A file, not a pipe: a server that outlives its step would hold a pipe open.
    with log.open("ab") as written, log.open("rb") as read:
        read.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        while (code := process.poll()) is None and time.monotonic() < deadline:
            _show(read)
            time.sleep(0.1)
        if code is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        _show(read)
    if code is None:
        return NOT_RUN
    return f"{command[0].rsplit('/', 1)[-1]} ended with {code}" if code else None


def _show(read: IO[bytes]) -> None:
    sys.stdout.buffer.write(read.read())
    sys.stdout.buffer.flush()


def main(wanted: list[str]) -> int:
    """Run the wanted steps; return the exit status."""
    known = {step.name: step for step in (*STEPS, *SLOW)}
    names = [step.name for step in STEPS] if wanted in ([], ["all"]) else wanted
    if unknown := [name for name in names if name not in known]:
        print(f"unknown step {', '.join(unknown)}: use one of {', '.join(known)}, or all", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + float(os.environ.get("GANTRY_TEST_MINUTES", "75")) * 60
    reports: list[str] = []
    results: list[tuple[str, str | None, float]] = []
    for name in names:
        step, began = known[name], time.monotonic()
        if began >= deadline:
            results.append((name, NOT_RUN, 0.0))
            continue
        print(f"\n=== {name}", flush=True)
        log = LOGS / f"{name}.log"
        log.unlink(missing_ok=True)
        reason = next((why for one in step.commands if (why := run(one, deadline, log, step.environment))), None)
        if reason not in (None, NOT_RUN):  # before the cleanup's lines
            reports.append(f"\n=== what failed in {name}, at its end (all of it: {log})\n{trouble(log.read_bytes())}")
        if step.cleanup and (left := run(step.cleanup, time.monotonic() + 180, log)):
            reason = reason or f"cleaning up: {left}"
        results.append((name, reason, time.monotonic() - began))

    print(*reports, "\n=== summary", sep="\n")
    for name, reason, seconds in results:
        print(f"not run: {name}" if reason == NOT_RUN else f"{name:<12} {seconds:7.1f} s  {reason or 'ok'}")
    passed = sum(reason is None for _, reason, _ in results)
    failed = sum(reason not in (None, NOT_RUN) for _, reason, _ in results)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
