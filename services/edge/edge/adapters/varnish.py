"""Varnish as the purger sees it: a socket that takes purges, and counters in shared memory."""

from __future__ import annotations

import json
import os
import subprocess
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

    def counters(self) -> Mapping[str, int]:
        """Varnish's counters by name. Raises CacheDownError."""
        command = ["varnishstat", "-n", str(self._directory / WORK), "-t", "0", "-j"]
        # In a container of its own, the purger does not see varnishd's process.
        environ = os.environ | {"VSM_NOPID": "1"}
        try:
            run = subprocess.run(command, env=environ, capture_output=True, timeout=2, check=True)
            return {name: int(counter["value"]) for name, counter in json.loads(run.stdout)["counters"].items()}
        except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            raise CacheDownError(f"varnishstat: {error}") from error

    async def ready(self) -> bool:
        """Whether varnishd runs."""
        try:
            return bool(self.counters())
        except CacheDownError:
            return False


class Counters(Collector):
    """Varnish's counters as the platform's series; none while varnishd does not run."""

    def __init__(self, varnish: Varnish) -> None:
        self._varnish = varnish

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        try:
            counters = self._varnish.counters()
        except CacheDownError:
            return
        requests = CounterMetricFamily("cache_requests", "Questions to caches", labels=("level", "outcome"))
        for outcome, value in outcomes(counters).items():
            requests.add_metric(("edge", outcome), value)
        yield requests
        yield GaugeMetricFamily("edge_objects", "Answers kept", counters.get("MAIN.n_object", 0))
        up = GaugeMetricFamily("edge_backend_up", "Whether the backend answered its last probe", labels=("backend",))
        for backend, happy in backends(counters).items():
            up.add_metric((backend,), happy)
        yield up
