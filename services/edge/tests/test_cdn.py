"""What a CDN of the shop does (cases.yaml), asked of Varnish as it runs; terraform/modules/cdn is asked the same."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from conftest import Edge, Origin, environ

from edge.adapters.varnish import WORK

TOLD = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text())
CASES: list[dict[str, Any]] = TOLD["cases"]
KEPT = [case for case in CASES if case["kept"]]


def prepare(edge: Edge, case: dict[str, Any]) -> Origin:
    """The case's origin, which from now on answers as the case says; the other one says so."""
    for origin in (edge.storefront, edge.shopapi):
        origin.asked.clear()
        origin.headers = case["answer"] | {"Set-Cookie": "session=fresh"}
        origin.status = case.get("status", 200)
    return edge.shopapi if case["origin"] == "shopapi" else edge.storefront


def ask(edge: Edge, request: dict[str, Any]) -> httpx2.Response:
    """A visitor with a session asks."""
    headers = {"Cookie": "session=mine", **request.get("headers", {})}
    answer = edge.http.request(request.get("method", "GET"), request["path"], headers=headers)
    edge.http.cookies.clear()
    return answer


def from_cache(answer: httpx2.Response) -> bool:
    return answer.headers["x-cache"] in ("HIT", "STALE")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_kept(edge: Edge, case: dict[str, Any]) -> None:
    origin = prepare(edge, case)
    first, second = ask(edge, case["request"]), ask(edge, case["request"])
    assert first.status_code == second.status_code == case.get("status", 200)
    assert (from_cache(first), from_cache(second)) == (False, bool(case["kept"]))
    assert len(origin.asked) == (1 if case["kept"] else 2)
    assert not {"xkey", "surrogate-key"} & set(second.headers)


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case["name"])
def test_for_how_long(edge: Edge, case: dict[str, Any]) -> None:
    """As varnishd writes in its own log for the answer that it keeps."""
    prepare(edge, case)
    varnishlog = ["varnishlog", "-n", str(edge.directory / WORK), "-d", "-b", "-i", "TTL", "-i", "BerespHeader"]
    ask(edge, case["request"])
    time.sleep(0.1)
    log = subprocess.run(varnishlog, capture_output=True, text=True, check=True, env=environ(VSM_NOPID="1")).stdout
    [*_, last] = re.split(r"^\*\s+<<", log, flags=re.MULTILINE)
    [*_, lives] = re.findall(r"TTL\s+VCL (\S+) (\S+) ", last)
    [*_, stale] = ["0", *re.findall(r"X-Edge-Stale: (\d+)s", last)]
    fresh, spare = (round(float(seconds)) for seconds in lives)
    assert {"fresh": fresh, "stale": int(stale), "spare": spare} == case["kept"]


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case["name"])
def test_under_what_key(edge: Edge, case: dict[str, Any]) -> None:
    prepare(edge, case)
    ask(edge, case["request"])
    for request in case.get("same", []):
        assert from_cache(ask(edge, request)), request
    for request in case.get("other", []):
        assert not from_cache(ask(edge, request)), request


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case["name"])
def test_dropped_by_which_surrogate_key(edge: Edge, case: dict[str, Any]) -> None:
    prepare(edge, case)
    ask(edge, case["request"])
    for key in case.get("stays_for", []):
        assert edge.purge(key) == 0
        assert from_cache(ask(edge, case["request"])), key
    for key in case.get("purged_by", []):
        assert from_cache(ask(edge, case["request"])), key
        assert edge.purge(key) >= 1
        assert not from_cache(ask(edge, case["request"])), key


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_whose_cookies(edge: Edge, case: dict[str, Any]) -> None:
    origin = prepare(edge, case)
    answer = ask(edge, case["request"])
    [(_, _, headers)] = origin.asked
    assert ("cookie" in headers) is case["cookie"]
    assert ("set-cookie" in answer.headers) is case["cookie"]


@pytest.mark.parametrize("how", ["well", "failing"])
def test_what_a_visitor_gets_as_time_passes(edge: Edge, how: str) -> None:
    """Every moment has a path of its own, for who asks for what is stale has it renewed."""
    moments = [
        (seconds, f"/api/products/{number}-{round(seconds * 10)}", says["says"], wanted)
        for number, says in enumerate(TOLD["lifetimes"])
        for seconds, wanted in says.get(how, {}).items()
    ]
    fetched = {}
    for _, path, said, _ in moments:
        prepare(edge, {"answer": {"Cache-Control": said}, "origin": "shopapi"})
        ask(edge, {"path": path})
        fetched[path] = time.monotonic()
    edge.shopapi.status = 503 if how == "failing" else 200
    found = []
    for seconds, path, said, wanted in sorted(moments):
        time.sleep(max(0.0, fetched[path] + seconds - time.monotonic()))
        answer = ask(edge, {"path": path})
        kinds = {"HIT": "fresh", "STALE": "stale", "MISS": "asked"}
        got = "error" if answer.status_code == 503 else kinds[answer.headers["x-cache"]]
        found.append((seconds, said, got == wanted or got))
    assert [one for one in found if one[2] is not True] == []
