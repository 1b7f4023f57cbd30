"""CloudFront's configuration, acted out, does what the local edge does: the cases of services/edge/tests/cases.yaml."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.terraform.cloudfront import Distribution, Kept, Request

ROOT = Path(__file__).parents[2]
TOLD = yaml.safe_load((ROOT / "services/edge/tests/cases.yaml").read_text())
CASES: list[dict[str, Any]] = TOLD["cases"]
KEPT = [case for case in CASES if case["kept"]]
ORIGINS = {"storefront": "page", "shopapi": "gateway"}
"""Who answers, as the edge calls it, and as the distribution does for what is public; all else is the gateway's."""


@pytest.fixture(scope="module")
def cdn() -> Distribution:
    return Distribution.read(ROOT / "terraform/modules/cdn")


def request(case: dict[str, Any], identity: str = "one", **of: Any) -> Request:
    """A request of a case, by a visitor with a session."""
    told = of or case["request"]
    headers = {"Cookie": "session=mine", **told.get("headers", {})}
    return Request(told["path"], told.get("method", "GET"), headers, identity)


def wanted(case: dict[str, Any]) -> Kept | None:
    """What the case says, with what CloudFront may do otherwise."""
    differs = {name: value for name, value in case.get("differs", {}).items() if name == "spare"}
    return Kept(**{**case["kept"], **differs}) if case["kept"] else None


def kept(cdn: Distribution, case: dict[str, Any]) -> Kept | None:
    """For how long the case's answer is, where a second request finds it."""
    one, again = request(case), request(case, "two")
    if cdn.key(one) is None or cdn.key(one) != cdn.key(again):
        return None
    return cdn.kept(one, case.get("status", 200), case["answer"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_kept_and_for_how_long(cdn: Distribution, case: dict[str, Any]) -> None:
    assert kept(cdn, case) == wanted(case)


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case["name"])
def test_under_what_key(cdn: Distribution, case: dict[str, Any]) -> None:
    key = cdn.key(request(case))
    for told in case.get("same", []):
        assert cdn.key(request(case, "two", **told)) == key, told
    for told in case.get("other", []):
        assert cdn.key(request(case, "two", **told)) != key, told


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case["name"])
def test_dropped_by_which_surrogate_key(cdn: Distribution, case: dict[str, Any]) -> None:
    dropped = {key: cdn.invalidates(key, request(case)) for key in case.get("purged_by", [])}
    stays = {key: cdn.invalidates(key, request(case)) for key in case.get("stays_for", [])}
    assert set(dropped.values()) <= {True}, dropped
    assert set(stays.values()) <= {False}, stays


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_whose_cookies(cdn: Distribution, case: dict[str, Any]) -> None:
    passes = case.get("differs", {}).get("cookie", case["cookie"])
    assert cdn.cookies(request(case)) == (passes, passes)
    assert {"xkey", "surrogate-key"} <= cdn.removed(request(case))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_who_answers(cdn: Distribution, case: dict[str, Any]) -> None:
    behaviour = cdn.behaviour(case["request"]["path"])
    assert behaviour.origin == (ORIGINS[case["origin"]] if behaviour.pattern != "*" else "gateway")
    assert case["request"].get("method", "GET") in behaviour.methods
    assert behaviour.origin in cdn.origins


@pytest.mark.parametrize("how", ["well", "failing"])
def test_what_a_visitor_gets_as_time_passes(cdn: Distribution, how: str) -> None:
    for told in TOLD["lifetimes"]:
        found = cdn.kept(Request("/api/products/saw"), 200, {"Cache-Control": told["says"]})
        assert found
        assert {seconds: found.at(seconds, how == "failing") for seconds in told.get(how, {})} == told.get(how, {})


def test_what_differs_says_why() -> None:
    assert all(len(case["differs"]["why"].split()) > 1 for case in CASES if "differs" in case)
    assert {name for case in CASES for name in case.get("differs", {})} == {"spare", "cookie", "why"}


def test_everything_that_is_purged_is_told_by_somebody(cdn: Distribution) -> None:
    """The surrogate keys of the invalidations are those that the page and the catalog give their answers."""
    edge = (ROOT / "services/edge/edge/domain/keys.py").read_text()
    page = (ROOT / "services/storefront/image/nginx.conf").read_text()
    assert all(word in edge for word in ("product-", "products", '"catalog"'))
    assert '"storefront"' in page
    assert set(cdn.invalidations) == {"storefront", "catalog", "products", "product-{sku}"}


def test_the_gateway_gets_the_shops_paths(cdn: Distribution) -> None:
    assert cdn.origins["gateway"].arguments["origin_path"] == "/shop"
    assert "origin_path" not in cdn.origins["page"].arguments


def test_the_function_believes_no_visitor(cdn: Distribution) -> None:
    """Nobody makes keys of their own by a header that is ours."""
    path = "/api/products"
    assert cdn.key(Request(path, headers={"X-Edge-Pass": "mine"})) == cdn.key(Request(path))
    seen = cdn.behaviour(path).run(Request("/api/products?tag=b&a=1&tag=a", headers={"Authorization": "Bearer x"}))
    assert list(seen["querystring"]) == ["a", "tag"]
    assert seen["querystring"]["tag"] == {"value": "a", "multiValue": [{"value": "a"}, {"value": "b"}]}
    assert seen["headers"]["x-edge-pass"] == {"value": "one"}


def test_an_error_that_nothing_is_said_of_is_told(cdn: Distribution) -> None:
    with pytest.raises(KeyError, match="status 501"):
        Distribution(cdn.behaviours, cdn.origins, {}, {}).kept(Request("/"), 501, {})


def mistakes(cdn: Distribution) -> list[str]:
    """The cases that a configuration does not hold, by name."""
    found = []
    for case in CASES:
        one, key = request(case), cdn.key(request(case))
        passes = case.get("differs", {}).get("cookie", case["cookie"])
        keys = [cdn.key(request(case, "two", **told)) == key for told in case.get("same", [])] if case["kept"] else []
        keys += [cdn.key(request(case, "two", **told)) != key for told in case.get("other", [])] if case["kept"] else []
        dropped = [cdn.invalidates(name, one) for name in case.get("purged_by", [])]
        stays = [not cdn.invalidates(name, one) for name in case.get("stays_for", [])]
        holds = (kept(cdn, case) == wanted(case), cdn.cookies(one) == (passes, passes), *keys, *dropped, *stays)
        found += [] if all(holds) else [case["name"]]
    return found


@pytest.mark.parametrize(
    ("file", "old", "new", "case"),
    [
        ("main.tf", "default_ttl = 0\n", "default_ttl = 60\n", "an answer that says nothing of its time"),
        ("main.tf", "min_ttl     = 0\n", "min_ttl     = 5\n", "an answer that must not be stored"),
        ("main.tf", "max_ttl     = 31536000", "max_ttl     = 3600", "what is built into the page"),
        ("main.tf", "max_ttl     = 0", "max_ttl     = 60", "a basket"),
        ("main.tf", 'query_string_behavior = "none"', 'query_string_behavior = "all"', "the page"),
        ("main.tf", 'query_string_behavior = "all"', 'query_string_behavior = "none"', "products"),
        ("main.tf", 'items = ["Authorization", "X-Edge-Pass"]', 'items = ["Accept"]', "who shows a token"),
        ("main.tf", 'path = "/api/products/*"', 'path = "/api/products*"', "what only looks like products"),
        ("main.tf", 'cookie_behavior = "none"', 'cookie_behavior = "all"', "the page"),
        ("main.tf", 'header = "Set-Cookie"', 'header = "X-Other"', "the page"),
        ("main.tf", "error_caching_min_ttl = 0", "error_caching_min_ttl = 10", "a product that is not there"),
        ("main.tf", '"/api/products?*"', '"/api/products*"', "one product"),
        ("main.tf", '"storefront"    = ["/", "/index.html"]', '"storefront"    = ["/page"]', "the page"),
        ("public.js", ".sort().forEach", ".forEach", "products"),
        ("public.js", "if (headers.authorization)", "if (false)", "who shows a token"),
    ],
)
def test_a_configuration_that_does_otherwise_is_told(
    tmp_path: Path, cdn: Distribution, file: str, old: str, new: str, case: str
) -> None:
    assert mistakes(cdn) == []
    module = Path(shutil.copytree(ROOT / "terraform/modules/cdn", tmp_path / "cdn"))
    text = (module / file).read_text()
    assert old in text
    (module / file).write_text(text.replace(old, new))
    assert case in mistakes(Distribution.read(module))
