"""No secret of the platform leaves its place: not by what a run prints, by reports, processes, events or etcd."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.e2e.conftest import CONTRACT, ENVIRONMENT, PLATFORM, STATE, drill, kubectl, play

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OPEN = re.compile(r"known_hosts|\.pub$|\.crt$|\.json$|\.lock$")
"""Names of files that only their owner reads, and that hold nothing secret."""
ELSEWHERE = {"machines", "registry"}
"""Directories of the state whose files are the machines' own, or images."""
SHORTEST = 12
"""Characters of a line that counts as a secret: shorter ones stand in texts by chance."""


def markers() -> dict[str, str]:
    """Each line of each secret on this host, by file and line: they are random, so each is its own marker."""
    found: dict[str, str] = {}
    for path in sorted(STATE.rglob("*")):
        inner = path.relative_to(STATE)
        if inner.parts[0] in ELSEWHERE or OPEN.search(path.name) or not path.is_file() or path.is_symlink():
            continue
        if path.stat().st_mode & 0o077:
            continue
        lines = path.read_text(errors="replace").splitlines()
        kept = [line.strip() for line in lines if len(line.strip()) >= SHORTEST and not line.startswith("-----")]
        found |= {f"{inner}:{number}": line for number, line in enumerate(kept)}
    user = yaml.safe_load((PLATFORM / "kubeconfig").read_text())["users"][0]["user"]
    found["kubeconfig"] = base64.b64decode(user["client-key-data"]).decode().splitlines()[1]
    return found


def shapes(secret: str) -> list[bytes]:
    """A secret as it is, and as it stands within base64 at each of its three places."""
    raw = secret.encode()
    within = [base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)]
    return [raw, *(shape for shape in within if len(shape) >= SHORTEST)]


def leaked(text: bytes, secrets: dict[str, str]) -> list[str]:
    """Names of the secrets that stand in a text in any shape."""
    return [name for name, secret in secrets.items() if any(shape in text for shape in shapes(secret))]


@contextmanager
def processes() -> Iterator[set[bytes]]:
    """Command lines of every process of this host, the machines' too, while the block runs."""
    seen: set[bytes] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join(10)


def test_markers_are_found_where_they_are() -> None:
    """What is searched for is what is used: most of it stands in the cluster's secrets."""
    secrets = markers()
    assert {"pki/ca.key:0", "kubeconfig"} <= set(secrets)
    live = kubectl("get", "secrets", "--all-namespaces", "--output=json").encode()
    if CONTRACT["argocd_enabled"]:
        assert [name for name in leaked(live, secrets) if name.startswith("argocd/")]
    some = next(iter(secrets.values()))
    assert leaked(base64.b64encode(b"x" + some.encode() + b"y" * 6), {"some": some}) == ["some"]


def test_no_secret_leaves_its_place() -> None:
    title = "No secret in a run's output and diffs, in reports, processes, events or etcd"
    with drill("preflight.leaks", "10", title) as told:
        secrets = markers()
        with processes() as seen:
            began = time.monotonic()
            run = play("playbooks/site.yml", "-vvv", "--diff")
            assert run.code == 0
            dry = play("playbooks/site.yml", "-vvv", "--diff", "--check")
            assert dry.code == 0
            seconds = time.monotonic() - began
        places: dict[str, bytes] = {
            "output": run.output.encode(),
            "output in check mode": dry.output.encode(),
            "process lists": b"\n".join(seen),
            "events": kubectl("get", "events", "--all-namespaces", "--output=json").encode(),
            "objects that are no secrets": kubectl(
                "get", "configmaps,pods,deployments,statefulsets", "--all-namespaces", "--output=json"
            ).encode(),
        }
        places |= {
            f"report {path.name}": path.read_bytes() for path in (PLATFORM / "reports").rglob("*") if path.is_file()
        }
        control = [pool["name"] for pool in CONTRACT["platform_node_pools"] if pool["role"] == "control_plane"]
        machine = STATE / "machines" / f"{ENVIRONMENT}-{control[0]}-1" / "volumes"
        stored = [path for path in machine.rglob("*") if path.is_file() and "/member/" in str(path)]
        assert stored, f"etcd's files are not below {machine}"
        places |= {f"etcd {path.name}": path.read_bytes() for path in stored}
        found = {place: names for place, text in places.items() if (names := leaked(text, secrets))}
        assert found == {}, json.dumps(found)
        assert len(secrets) >= 5
        told.evidence = f"{len(secrets)} markers in {len(places)} places; two runs in {seconds:.0f} s"
