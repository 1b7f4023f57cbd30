"""Varnish as the purger sees it: a socket that takes purges, and counters in shared memory."""

from __future__ import annotations

import asyncio
import json
import os
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx2
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.application import CacheDownError
from edge.domain import backends, outcomes

SOCKET: Final = "purge.sock"
TOKEN: Final = "token"  # noqa: S105 - a file's name
WORK: Final = "varnish"


class Varnish:
    """The varnishd whose files are in this directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        transport = httpx2.AsyncHTTPTransport(uds=str(directory / SOCKET))
        self._http = httpx2.AsyncClient(transport=transport, base_url="http://edge", timeout=2)

    async def __aenter__(self) -> Varnish:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def purge(self, keys: Sequence[str]) -> int:
        """Drop every answer that carries one of the keys; how many. Raises CacheDownError."""
        try:
            # Read each time: varnishd makes another one whenever it starts.
            token = (self._directory / TOKEN).read_text("ascii")
            headers = {"xkey": " ".join(keys), "X-Purge-Token": token}
            answer = await self._http.request("PURGE", "/", headers=headers)
            answer.raise_for_status()
            return int(answer.headers["X-Purged"])
        except (OSError, httpx2.HTTPError, KeyError, ValueError) as error:
            raise CacheDownError(f"{type(error).__name__}: {error}") from error

    async def counters(self) -> Mapping[str, int]:
        """Varnish's counters by name. Raises CacheDownError."""
        command = ("varnishstat", "-n", str(self._directory / WORK), "-t", "0", "-j")
        # In a container of its own, the purger does not see varnishd's process.
        environ = os.environ | {"VSM_NOPID": "1"}
        try:
            run = await asyncio.create_subprocess_exec(*command, env=environ, stdout=PIPE, stderr=PIPE)
            out, err = await run.communicate()
            if run.returncode:
                raise CacheDownError(f"varnishstat: {err.decode(errors='replace').strip()}")
            return {name: int(counter["value"]) for name, counter in json.loads(out)["counters"].items()}
        except (OSError, ValueError, KeyError) as error:
            raise CacheDownError(f"varnishstat: {error}") from error


class Counters(Collector):
    """Varnish's counters as the platform's series, read every `every` seconds; none while varnishd does not run."""

    def __init__(self, varnish: Varnish, every: float = 1.0) -> None:
        self._varnish = varnish
        self._every = every
        self._read: Mapping[str, int] = {}

    async def keep(self) -> None:
        """Read them, for ever."""
        while True:
            try:
                self._read = await self._varnish.counters()
            except CacheDownError:
                self._read = {}
            await asyncio.sleep(self._every)

    async def ready(self) -> bool:
        """Whether varnishd runs."""
        return bool(self._read)

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        if not self._read:
            return
        requests = CounterMetricFamily("cache_requests", "Questions to caches", labels=("level", "outcome"))
        for outcome, value in outcomes(self._read).items():
            requests.add_metric(("edge", outcome), value)
        yield requests
        yield GaugeMetricFamily("edge_objects", "Answers kept", self._read.get("MAIN.n_object", 0))
        up = GaugeMetricFamily("edge_backend_up", "Whether the backend answered its last probe", labels=("backend",))
        for backend, happy in backends(self._read).items():
            up.add_metric((backend,), happy)
        yield up
