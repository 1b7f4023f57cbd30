"""Collects facts from a shop that runs: each store is read in a pod of the service that owns it, with its own access.

So no password leaves the cluster, and no rule of network or mesh has to be loosened. Every program prints one JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError

from tests.shop.facts import Facts
from tests.shop.programs import FETCH, QUERIES, ROWS, STREAM, assemble

SECONDS = 60.0
"""Seconds that one program may take."""


class CollectError(Exception):
    """A store could not be read; names it and what was said."""


@dataclass(frozen=True)
class Shop:
    """The shop of one cluster."""

    kubeconfig: Path
    namespace: str = "shop"

    def facts(self) -> Facts:
        """Everything, read at about one time. Raises CollectError."""
        programs: dict[str, Callable[[], Any]] = {
            **{service: self._rows(service, queries) for service, queries in QUERIES.items()},
            "stream": lambda: self._run("catalog", STREAM),
            "provider": lambda: self._run("payment-provider", FETCH, "/charges"),
            "sink": lambda: self._run("mail-sink", FETCH, "/mails"),
        }
        with ThreadPoolExecutor(len(programs)) as pool:
            running = {name: pool.submit(program) for name, program in programs.items()}
            return assemble({name: future.result() for name, future in running.items()})

    def settled(self, within: float, pause: float = 3.0) -> Facts:
        """The facts as soon as nothing is under way, or as they are after ``within`` seconds.

        :raises CollectError: A service does not answer even then.
        """
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            with suppress(CollectError):
                if (facts := self.facts()).settled:
                    return facts
            time.sleep(pause)
        return self.facts()

    def _rows(self, service: str, queries: Mapping[str, str]) -> Callable[[], Any]:
        return lambda: self._run(service, ROWS, json.dumps(queries))

    def _run(self, service: str, program: str, *arguments: str) -> Any:
        cluster = Cluster(self.kubeconfig, SECONDS)
        try:
            pods = [p for p in cluster.pods(self.namespace, f"app.kubernetes.io/name={service}") if p.ready]
            if not pods:
                raise CollectError(f"{service}: no pod is ready in namespace {self.namespace}; is shop_enabled true?")
            container = next(name for name in pods[0].containers if name != "istio-proxy")
            out = cluster.run(pods[0], container, ["python3", "-c", program, *arguments])
        except ClusterError as error:
            raise CollectError(f"{service}: {error}") from error
        if out.code:
            raise CollectError(f"{service}: {out.text[-800:]}")
        try:
            return json.loads(out.stdout)
        except ValueError as error:
            raise CollectError(f"{service}: what it printed is no JSON: {out.stdout[:300]!r}") from error
