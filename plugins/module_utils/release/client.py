# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""A Kubernetes API client of kept-alive connections, for many threads: requests, retries, watches.

It stands on the standard library alone: a client library's import takes longer than a whole unchanged release.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from ansible_collections.gantry.platform.plugins.module_utils.release.errors import (
    ApiError,
    ReleaseError,
    UnreachableError,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import Access
from ansible_collections.gantry.platform.plugins.module_utils.release.wire import Answer, Wire

RETRY_SECONDS = 10.0
"""How long one request is tried anew while the server does not answer or is overloaded."""
RESTART_SECONDS = 45.0
"""The same once the server has answered: it is there, so it restarts."""
WEBHOOK_SECONDS = 90.0
"""How long one request is tried anew while a webhook that must judge it cannot be called: its node may restart."""
REQUEST_TIMEOUT = 60.0
"""Seconds without a byte after which a request counts as lost."""
WATCH_SECONDS = 240
"""Seconds after which the server ends a watch, which is then opened anew."""
PERMANENT = (
    "failed to create typed patch object",
    "field not declared in schema",
    "failed to create manager for existing fields",
)
"""Words of an internal server error that no retry mends: the object does not fit its schema."""

UNCALLED = "failed calling webhook"
"""Words of an internal server error that stands for a webhook that did not answer; one that refuses answers 4xx."""

CLOSED = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""How it shows that the server closed a connection; ``http.client.RemoteDisconnected`` is a reset too."""

JSON = "application/json"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class Client:
    """Requests to one API server. Safe for use by several threads."""

    def __init__(
        self, access: Access, user_agent: str = "gantry-k8s-release", retry_seconds: float | None = None
    ) -> None:
        url = urlsplit(access.server)
        self._access = access
        self._host = url.hostname or ""
        self._authority = url.netloc.rpartition("@")[2]
        self._port = url.port or (443 if url.scheme == "https" else 80)
        self._prefix = url.path.rstrip("/")
        self._secure = url.scheme == "https"
        self._agent = user_agent
        self._retry_seconds = RETRY_SECONDS if retry_seconds is None else retry_seconds
        self._restart_seconds = RESTART_SECONDS if retry_seconds is None else retry_seconds
        self._answered = False
        self._idle: list[Wire] = []
        self._login = threading.Lock()
        self._gone = threading.Event()
        self._ended = threading.Event()
        self._streams: set[socket.socket] = set()
        self.warnings: dict[str, None] = {}
        self._authenticate()

    @property
    def server(self) -> str:
        """The server's URL, for messages."""
        return self._access.server

    def get(self, path: str, accept: str = JSON, **query: str) -> dict[str, Any]:
        """GET one object or list."""
        return self.request("GET", path, query, accept=accept)[1]

    def find(self, path: str, accept: str = JSON, **query: str) -> dict[str, Any] | None:
        """GET one object or list, or None where there is none, or no such kind."""
        try:
            return self.get(path, accept, **query)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def text(self, path: str, **query: str) -> str:
        """GET plain text, such as a container's log; tried once."""
        return self._send("GET", path, query, None, JSON, "*/*", patience=0.0).body.decode(errors="replace")

    def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> tuple[int, dict[str, Any]]:
        """Send one request; returns the HTTP status and the decoded answer.

        Lost connections, 429 and 5xx are tried anew with growing pauses for the client's retry time, which counts from
        the first failure: everything sent here is idempotent (reads, server-side apply, deletes with a precondition).

        :raises ApiError: The server refused it.
        :raises UnreachableError: It did not answer in that time.
        """
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        answer = self._send(method, path, query or {}, data, content_type, accept)
        return answer.status, json.loads(answer.body) if answer.body else {}

    def watch(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Follow a collection until ``end_watches``: first every object that is there, then each change.

        Each stream starts with a ``{"type": "RESET"}`` event: a broken one is opened anew, and what happened meanwhile
        is unknown.

        :raises ApiError: The server refuses the watch (for instance by RBAC).
        """
        ended, pause = self._ended, 0.0
        while not ended.wait(pause):
            try:
                yield from self._stream(path, {**query, "watch": "true", "timeoutSeconds": str(WATCH_SECONDS)}, ended)
                pause = 0.1
            except ApiError as error:
                if error.status not in (410, 429) and error.status < 500:
                    raise
                pause = 1.0
            except (OSError, http.client.HTTPException, ValueError):
                pause = 0.5

    def end_watches(self) -> None:
        """End every watch that runs; later ones are not concerned."""
        self._ended.set()
        self._ended = threading.Event()
        for sock in list(self._streams):
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # the raw one: the reader's TLS state is its own

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop().close()

    # -- the wire ----------------------------------------------------------------------------------------------------

    def _authenticate(self) -> None:
        self._credentials = self._access.credentials()
        self._tls = self._access.tls(self._credentials) if self._secure else None

    def _connect(self) -> http.client.HTTPConnection:
        proxy = self._proxy()
        host, port = (proxy.hostname or "", proxy.port or 80) if proxy else (self._host, self._port)
        if self._tls:
            name = str(self._access.cluster.get("tls-server-name") or "")
            connection: http.client.HTTPConnection = (
                _NamedTls(host, port, self._tls, name)
                if name
                else http.client.HTTPSConnection(host, port, timeout=REQUEST_TIMEOUT, context=self._tls)
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=REQUEST_TIMEOUT)
        if proxy:
            connection.set_tunnel(self._host, self._port)
        return connection

    def _proxy(self) -> Any:
        """The HTTP proxy between us and the server: the kubeconfig's, or the environment's."""
        url = str(self._access.cluster.get("proxy-url") or "")
        if not url and self._secure and (os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")):
            from urllib.request import getproxies, proxy_bypass

            url = "" if proxy_bypass(self._host) else getproxies().get("https", "")
        return urlsplit(url) if url else None

    def _headers(self, accept: str) -> dict[str, str]:
        return {"Accept": accept, "User-Agent": self._agent, **self._credentials.headers}

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        data: bytes | None,
        content_type: str,
        accept: str,
        patience: float | None = None,
    ) -> Answer:
        patience = self._retry_seconds if patience is None else patience
        target = f"{self._prefix}{path}" + (f"?{_encoded(*query.items())}" if query else "")
        request = f"{method} {path}"
        since = 0.0  # when it failed for the first time
        tries = 0
        renewed = False
        while True:
            started = time.monotonic()
            try:
                answer = self._once(method, target, data, content_type, accept)
            except _StaleError:
                continue
            except ssl.SSLCertVerificationError as error:
                raise ReleaseError(
                    f"the certificate of {self.server} is not trusted by the kubeconfig's CA: {error.verify_message}"
                ) from error
            except (OSError, http.client.HTTPException) as error:
                since = since or (started if isinstance(error, TimeoutError) else time.monotonic())
                if patience and self._answered:
                    patience = max(patience, self._restart_seconds)
                trouble: Exception = UnreachableError(
                    f"{self.server} does not answer: {str(error) or type(error).__name__}"
                )
            else:
                self._answered = True
                self._note_warnings(answer.warnings)
                if answer.status < 400:
                    return answer
                refusal = ApiError(answer.status, _decode(answer.body), request)
                if answer.status == 401 and "exec" in self._access.user and not renewed:
                    renewed = True
                    with self._login:
                        self._authenticate()
                        self.close()
                    continue
                if not _worth_a_retry(refusal):
                    raise refusal
                since = since or time.monotonic()
                if patience and UNCALLED in str(refusal):
                    patience = max(patience, WEBHOOK_SECONDS)
                trouble = refusal
            tries += 1
            pause = max(min(0.1 * 2**tries, 2.0) * random.uniform(0.7, 1.3), getattr(trouble, "retry_after", 0.0))  # noqa: S311
            if self._gone.is_set() or time.monotonic() - since + pause > patience:
                if isinstance(trouble, UnreachableError) and patience:
                    self._gone.set()  # the other threads need not find out for themselves
                raise trouble
            time.sleep(pause)

    def _once(self, method: str, target: str, data: bytes | None, content_type: str, accept: str) -> Answer:
        wire = self._take()
        headers = self._headers(accept)
        if data is not None:
            headers["Content-Type"] = content_type
        try:
            answer = wire.exchange(method, target, headers, data)
        except BaseException as error:
            wire.close()
            if wire.used and isinstance(error, CLOSED):
                raise _StaleError from error
            raise
        if wire.kept:
            self._idle.append(wire)
        else:
            wire.close()
        return answer

    def _take(self) -> Wire:
        try:
            return self._idle.pop()
        except IndexError:
            return Wire(self._connect(), self._authority)

    def _stream(self, path: str, query: dict[str, str], ended: threading.Event) -> Iterator[dict[str, Any]]:
        connection = self._connect()
        connection.timeout = WATCH_SECONDS + 10.0
        connection.connect()
        sock = connection.sock
        self._streams.add(sock)
        try:
            connection.request("GET", f"{self._prefix}{path}?{urlencode(query)}", headers=self._headers(JSON))
            response = connection.getresponse()
            if response.status >= 400:
                raise ApiError(response.status, _decode(response.read()), f"WATCH {path}")
            yield {"type": "RESET", "object": {}}
            for line in response:
                if ended.is_set():
                    return
                event = json.loads(line)
                if event.get("type") == "ERROR":
                    raise ApiError(int(event["object"].get("code") or 500), event["object"], f"WATCH {path}")
                yield event
        finally:
            self._streams.discard(sock)
            connection.close()

    def _note_warnings(self, values: list[str]) -> None:
        for value in values:
            self.warnings.setdefault(value.split('"')[1] if value.count('"') >= 2 else value)


class _StaleError(Exception):
    """The server closed a kept connection: that says nothing about the server, the next connection will."""


class _NamedTls(http.client.HTTPSConnection):
    """A connection whose certificate is checked against another name than the host's."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=REQUEST_TIMEOUT, context=context)
        self._context_of_name, self._server_name = context, name

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._context_of_name.wrap_socket(self.sock, server_hostname=self._server_name)


@lru_cache(maxsize=64)
def _encoded(*query: tuple[str, str]) -> str:
    """The query's text; a release asks with few queries, for many objects."""
    return urlencode(query)


def _decode(answer: bytes) -> dict[str, Any]:
    try:
        body = json.loads(answer)
    except ValueError:
        return {"message": answer.decode(errors="replace").strip()[:500]}
    return body if isinstance(body, dict) else {}


def _worth_a_retry(error: ApiError) -> bool:
    """Whether the same request may be answered differently in a moment."""
    if error.status == 409:  # two writers met; a field conflict stays one
        return not error.causes and error.reason in ("Conflict", "AlreadyExists")
    if error.status == 429 or error.status in (502, 503, 504):
        return True
    return error.status == 500 and not any(words in str(error) for words in PERMANENT)
