"""What the edge keeps, for whom, how long, and what it gives when nobody answers behind it."""

from __future__ import annotations

import socket
import stat
import time

import httpx2
import pytest
from conftest import KEPT, Edge, Start, eventually

from edge.adapters.varnish import SOCKET, TOKEN


@pytest.mark.parametrize("path", ["/", "/assets/app.js", "/api/products", "/api/products?q=mug", "/api/products/saw"])
def test_what_is_public_is_kept(edge: Edge, path: str) -> None:
    answers = [edge.get(path) for _ in range(3)]
    assert [answer.headers["x-cache"] for answer in answers] == ["MISS", "HIT", "HIT"]
    assert {answer.text for answer in answers} == {f"{'shopapi' if '/api/' in path else 'storefront'}: as it was"}
    assert int(answers[2].headers["age"]) >= 0
    assert not answers[0].headers.keys() & {"xkey", "surrogate-key", "x-varnish", "via", "x-edge-stale"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/basket"),
        ("GET", "/api/orders/1"),
        ("GET", "/api/productsx"),
        ("POST", "/api/products"),
        ("PUT", "/api/basket"),
        ("GET", "/other"),
    ],
)
def test_all_else_passes_with_its_cookies_both_ways(edge: Edge, method: str, path: str) -> None:
    origin = edge.shopapi if path.startswith("/api") else edge.storefront
    origin.headers = {"Cache-Control": KEPT, "Set-Cookie": "session=fresh"}
    for _ in range(2):
        answer = edge.http.request(method, path, headers={"Cookie": "session=mine"})
        assert (answer.headers["x-cache"], answer.headers["set-cookie"]) == ("PASS", "session=fresh")
        edge.http.cookies.clear()
    assert [headers["cookie"] for _, _, headers in origin.asked] == ["session=mine"] * 2


def test_a_session_neither_enters_nor_leaves_what_is_kept(edge: Edge) -> None:
    edge.shopapi.headers = {"Cache-Control": KEPT, "Set-Cookie": "session=of-the-first"}
    for cookie in ("session=one", "session=two"):
        answer = edge.get("/api/products", Cookie=cookie)
        assert "set-cookie" not in answer.headers
    [(_, _, headers)] = edge.shopapi.asked
    assert "cookie" not in headers


def test_who_shows_a_token_passes(edge: Edge) -> None:
    for _ in range(2):
        assert edge.get("/api/products", Authorization="Bearer of-an-application").headers["x-cache"] == "PASS"


@pytest.mark.parametrize("said", ["no-store", "private, max-age=60", "no-cache", "max-age=0", ""])
def test_what_must_not_be_kept_is_not(edge: Edge, said: str) -> None:
    edge.shopapi.headers = {"Cache-Control": said} if said else {}
    for _ in range(3):
        assert edge.get("/api/products").headers["x-cache"] == "MISS"
    assert edge.shopapi.asked_for("/api/products") == 3


def test_the_same_question_in_other_words_is_the_same(edge: Edge) -> None:
    edge.get("/api/products?tag=a&q=b")
    assert edge.get("/api/products?q=b&tag=a").headers["x-cache"] == "HIT"
    assert edge.get("/api/products?q=c&tag=a").headers["x-cache"] == "MISS"
    edge.get("/?from=mail")
    assert edge.get("/?from=search", Host="another.example").headers["x-cache"] == "HIT"


def test_browsers_hear_that_nothing_changed(edge: Edge) -> None:
    edge.shopapi.headers = {"Cache-Control": KEPT, "ETag": '"one"', "Content-Type": "application/json"}
    etag = edge.get("/api/products").headers["etag"]
    again = edge.get("/api/products", If_None_Match=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert edge.get("/api/products", If_None_Match='"other"').status_code == 200
    assert edge.shopapi.asked_for("/api/products") == 1


def test_text_travels_small(edge: Edge) -> None:
    edge.storefront.body = "as it was " * 500
    assert edge.get("/", Accept_Encoding="gzip").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in edge.get("/", Accept_Encoding="identity").headers


def test_backends_are_named_as_the_mesh_knows_them(edge: Edge) -> None:
    edge.get("/api/basket", Host="shop.example")
    [(_, _, headers)] = edge.shopapi.asked
    assert headers["host"] == "127.0.0.1"
    assert headers["x-forwarded-host"] == "shop.example"
    assert not any(name.startswith("x-edge") for name in headers)


def test_what_is_stale_is_served_while_one_request_renews_it(edge: Edge) -> None:
    edge.shopapi.headers = {"Cache-Control": "s-maxage=1, stale-while-revalidate=30"}
    edge.get("/api/products")
    edge.shopapi.body = "as it is"
    time.sleep(1.2)
    stale = edge.get("/api/products")
    assert (stale.text, stale.headers["x-cache"]) == ("shopapi: as it was", "STALE")
    eventually(lambda: edge.get("/api/products").text == "shopapi: as it is", 2)
    assert edge.shopapi.asked_for("/api/products") == 2


def test_past_that_it_is_asked_for_first(edge: Edge) -> None:
    edge.shopapi.headers = {"Cache-Control": "s-maxage=1, stale-while-revalidate=1, stale-if-error=60"}
    edge.get("/api/products")
    edge.shopapi.body = "as it is"
    time.sleep(2.5)
    assert edge.get("/api/products").text == "shopapi: as it is"


@pytest.mark.parametrize("how", ["it fails", "it is gone"])
def test_what_is_at_hand_is_better_than_an_error(request: pytest.FixtureRequest, how: str) -> None:
    edge: Edge = request.getfixturevalue("fresh" if how == "it is gone" else "edge")
    for origin in (edge.storefront, edge.shopapi):
        origin.headers = {"Cache-Control": "s-maxage=1, stale-while-revalidate=0, stale-if-error=60"}
    page, products = edge.get("/").text, edge.get("/api/products").text
    time.sleep(1.2)
    for origin in (edge.storefront, edge.shopapi):
        origin.status = 503
        if how == "it is gone":
            origin.stop()
    for _ in range(3):
        assert (edge.get("/").text, edge.get("/api/products").text) == (page, products)
        assert edge.get("/").status_code == 200
    for origin in (edge.storefront, edge.shopapi):
        origin.status, origin.body = 200, "as it is"
        if how == "it is gone":
            origin.start()
    eventually(lambda: edge.get("/").text == "storefront: as it is")


def test_with_nothing_at_hand_people_get_a_page_and_programs_a_problem(fresh: Edge) -> None:
    fresh.storefront.stop()
    fresh.shopapi.stop()
    page = fresh.get("/")
    assert (page.status_code, page.headers["retry-after"], page.headers["cache-control"]) == (503, "5", "no-store")
    assert "Back in a moment" in page.text
    assert page.headers["content-type"].startswith("text/html")
    problem = fresh.get("/api/products")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json() == {"type": "about:blank", "title": "Service Unavailable", "status": 503}


def test_an_error_is_not_kept(edge: Edge) -> None:
    edge.shopapi.status = 500
    assert edge.get("/api/products").status_code == 503
    assert edge.get("/api/basket").status_code == 500
    edge.shopapi.status = 200
    assert edge.get("/api/products").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-Purge-Token": "guessed"}, {"X-Edge-Spare": "1", "X-Purged": "9"}])
def test_nobody_purges_from_outside(edge: Edge, headers: dict[str, str]) -> None:
    edge.shopapi.headers = {"Cache-Control": KEPT, "xkey": "products"}
    edge.get("/api/products")
    token = (edge.directory / TOKEN).read_text()
    for more in (headers, {"X-Purge-Token": token}):
        refused = edge.http.request("PURGE", "/api/products", headers={"xkey": "products", **more})
        assert refused.status_code == 405
    assert edge.get("/api/products").headers["x-cache"] == "HIT"


def test_the_purgers_socket_takes_purges_with_the_token_alone(edge: Edge) -> None:
    path = edge.directory / SOCKET
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((edge.directory / TOKEN).stat().st_mode) == 0o600
    token = (edge.directory / TOKEN).read_text()
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(path)), base_url="http://edge") as inside:
        for method, headers in (("PURGE", {}), ("PURGE", {"X-Purge-Token": "x"}), ("GET", {"X-Purge-Token": token})):
            assert inside.request(method, "/", headers={"xkey": "products", **headers}).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/metrics", 404), ("/readyz", 404), ("/metrics?x", 404)]
)
def test_probes_of_others_are_not_shown(edge: Edge, path: str, status: int) -> None:
    assert edge.get(path).status_code == status
    assert edge.storefront.asked == []


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PURGE", "BAN"])
def test_strange_methods_are_refused(edge: Edge, method: str) -> None:
    host, port = edge.http.base_url.host, edge.http.base_url.port
    with socket.create_connection((host, port or 80), timeout=5) as connection:
        connection.sendall(f"{method} / HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(100).startswith((b"HTTP/1.1 405", b"HTTP/1.1 400"))


def test_what_says_nothing_of_stale_if_error_has_the_edges_own(start: Start) -> None:
    edge = start(EDGE_SPARE_SECONDS="1")
    edge.shopapi.headers = {"Cache-Control": "s-maxage=1"}
    edge.get("/api/products")
    edge.shopapi.stop()
    time.sleep(2.5)
    assert edge.get("/api/products").status_code == 503
