"""One exchange on a kept connection."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.wire import HEADERS, Answer, Wire

BODY = b'{"kind":"ConfigMap"}'


class Pair(http.client.HTTPConnection):
    """A connection to the other end of a socket pair, which the test plays."""

    def __init__(self) -> None:
        super().__init__("server", timeout=5)
        self.near, self.far = socket.socketpair()

    def connect(self) -> None:
        self.sock = self.near


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.near.close()
    pair.far.close()


def answered(pair: Pair, answer: bytes, ends: bool = False) -> tuple[Wire, Answer]:
    """Exchange with a server that answers this, and hangs up then if it ``ends``."""
    wire = Wire(pair, "server:6443")
    pair.far.sendall(answer)
    if ends:
        pair.far.shutdown(socket.SHUT_WR)
    return wire, wire.exchange("GET", "/api", {}, None)


def test_a_request_is_one_write(pair: Pair) -> None:
    pair.far.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
    Wire(pair, "server:6443").exchange("PATCH", "/api/v1/x?force=true", {"Accept": "application/json"}, BODY)
    assert pair.far.recv(65536) == (
        b"PATCH /api/v1/x?force=true HTTP/1.1\r\nHost: server:6443\r\nAccept: application/json\r\n"
        b"Content-Length: 20\r\n\r\n" + BODY
    )


def test_a_request_without_body_states_no_length(pair: Pair) -> None:
    answered(pair, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert pair.far.recv(65536) == b"GET /api HTTP/1.1\r\nHost: server:6443\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + BODY, 200, BODY),
        (b"HTTP/1.1 200 OK\r\ncontent-length:20\r\n\r\n" + BODY, 200, BODY),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n" + BODY, 404, BODY),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, b""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n" + BODY, 200, BODY),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n"
            + BODY[:6]
            + b"\r\nE;x=y\r\n"
            + BODY[6:]
            + b"\r\n0\r\nTrailer: x\r\n\r\n",
            200,
            BODY,
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, b""),
    ],
)
def test_answers(pair: Pair, answer: bytes, status: int, body: bytes) -> None:
    wire, read = answered(pair, answer + b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
    assert read == Answer(status, [], body)
    assert wire.kept
    assert wire.exchange("GET", "/next", {}, None) == Answer(202, [], b"{}")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\n" + BODY,
        b"HTTP/1.0 200 OK\r\nContent-Length: 20\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
    ],
)
def test_the_last_answer_of_a_connection(pair: Pair, answer: bytes) -> None:
    wire, read = answered(pair, answer, ends=True)
    assert read.body == BODY
    assert not wire.kept


def test_all_warnings_are_kept(pair: Pair) -> None:
    _, read = answered(
        pair, b'HTTP/1.1 200 OK\r\nWarning: 299 - "one"\r\nwarning: 299 - "two"\r\nContent-Length: 0\r\n\r\n'
    )
    assert read.warnings == ['299 - "one"', '299 - "two"']


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", http.client.RemoteDisconnected),
        (b"SSH-2.0-OpenSSH\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 200 OK\r\nContent-Le", http.client.IncompleteRead),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + BODY, http.client.IncompleteRead),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n" + BODY, http.client.IncompleteRead),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", http.client.HTTPException),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", http.client.HTTPException),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * HEADERS + b"\r\n", http.client.HTTPException),
    ],
)
def test_what_is_no_whole_answer_is_an_error(pair: Pair, answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        answered(pair, answer, ends=True)


@pytest.mark.parametrize(
    ("target", "token"), [("/a b", "t"), ("/a\r\nX: y", "t"), ("/a", "t\r\nX: y"), ("/a", "t\n"), ("/a\x7f", "t")]
)
def test_a_request_cannot_be_split(pair: Pair, target: str, token: str) -> None:
    with pytest.raises(http.client.InvalidURL):
        Wire(pair, "server").exchange("GET", target, {"Authorization": f"Bearer {token}"}, None)
