# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Exchanges on one kept HTTP/1.1 connection: a request is one write, of an answer only what the client uses is parsed.

``http.client`` opens the connection (TLS, proxies). Its own exchange writes head and body apart, which wakes the server
twice, and parses headers as those of mails: together a tenth of the time that it takes to apply many small objects.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

LINE = 65536
"""The longest line that is read, in bytes."""
HEADERS = 200
"""The most headers that an answer may have."""
USED = (b"connection", b"content-length", b"transfer-encoding")
"""Headers that tell how an answer is read."""


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    warnings: list[str]
    """Values of its ``Warning`` headers."""
    body: bytes


class Wire:
    """A connection that is opened with the first exchange. One exchange at a time."""

    def __init__(self, connection: http.client.HTTPConnection, host: str) -> None:
        self._connection = connection
        self._host = host
        self._stream: BinaryIO | None = None
        self.kept = True
        """Whether another exchange may follow."""
        self.used = False
        """Whether an exchange came to its end."""

    def exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send a request and read its answer.

        :raises OSError: The connection cannot be made, or broke.
        :raises http.client.HTTPException: The answer is cut short, or is not HTTP; the request cannot be written.
        """
        request = _request(method, target, {"Host": self._host, **headers}, body)
        if self._stream is None:
            self._connection.connect()
            self._stream = self._connection.sock.makefile("rb")
        self._connection.sock.sendall(request)
        answer = self._read(self._stream)
        self.used = True
        return answer

    def close(self) -> None:
        """Close the connection."""
        if self._stream is not None:
            self._stream.close()
        self._connection.close()

    def _read(self, stream: BinaryIO) -> Answer:
        status = 100
        while 100 <= status < 200:
            protocol, status = _status(stream)
            headers, warnings = _headers(stream)
        connection = headers.get("connection", "").lower()
        self.kept = protocol == "HTTP/1.1" and connection != "close"
        if status in (204, 304):
            return Answer(status, warnings, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, warnings, _chunks(stream))
        if "content-length" in headers:
            return Answer(status, warnings, _exactly(stream, _number(headers["content-length"], 10)))
        self.kept = False
        return Answer(status, warnings, stream.read())


def _request(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    if " " in target or not all(line.isprintable() for line in lines):
        raise http.client.InvalidURL(f"{method} {target!r}: the path or a header holds blanks or control characters")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def _status(stream: BinaryIO) -> tuple[str, int]:
    """Protocol and status of an answer."""
    first = stream.readline(LINE)
    if not first:
        raise http.client.RemoteDisconnected("the server closed the connection without an answer")
    words = first.decode("latin-1").split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise http.client.BadStatusLine(repr(first[:80]))
    return words[0], int(words[1])


def _headers(stream: BinaryIO) -> tuple[dict[str, str], list[str]]:
    """The used headers by lower-case name, and the values of those that warn."""
    headers: dict[str, str] = {}
    warnings: list[str] = []
    for _ in range(HEADERS):
        line = _line(stream)
        if not line:
            return headers, warnings
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in USED:
            headers[name.decode()] = value.strip().decode("latin-1")
        elif name == b"warning":
            warnings.append(value.strip().decode("latin-1"))
    raise http.client.HTTPException(f"the answer has more than {HEADERS} headers")


def _chunks(stream: BinaryIO) -> bytes:
    chunks = []
    while size := _number(_line(stream).partition(b";")[0].decode("latin-1"), 16):
        chunks.append(_exactly(stream, size))
        _line(stream)
    _headers(stream)
    return b"".join(chunks)


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(LINE)
    if not line.endswith(b"\n"):
        raise http.client.IncompleteRead(line)
    return line.rstrip(b"\r\n")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise http.client.IncompleteRead(data, size - len(data))
    return data


def _number(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError:
        number = -1
    if number < 0:
        raise http.client.HTTPException(f"{text[:80]!r} is not the length of an answer")
    return number
