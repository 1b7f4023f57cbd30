"""The dashboards before the live platform: every query has data, every panel draws it in a real browser."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from dashboards import contract
from tests.e2e.conftest import CONTRACT, PLATFORM, ROOT, address, drill, get, query, wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not CONTRACT.get("dashboards_enabled"), reason="dashboards are not switched on"),
]

PATHS = ("/shop/", "/shop/catalog/products", "/shop/catalog/products?q=coffee")


@pytest.fixture(scope="module", autouse=True)
def traffic() -> Iterator[None]:
    """Some requests a second, since panels of requests are empty where there are none; seen by Prometheus already."""
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.3):
            for path in PATHS:
                with suppress(OSError):
                    get(path)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    rate = 'sum(rate(istio_requests_total{reporter="destination", destination_workload="catalog"}[1m])) > 1'
    wait_until(lambda: query(rate), 120, "Prometheus sees requests to the catalog", pause=2)
    yield
    done.set()
    thread.join()


def test_every_query_of_every_panel_has_data() -> None:
    client = contract.Prometheus(f"{address()}/prometheus", str(PLATFORM / "ca.crt"))
    dashboards = contract.load()
    asked = sum(1 for dashboard in dashboards for _ in contract.targets(dashboard))

    def answered() -> bool:
        failures = [one for dashboard in dashboards for one in contract.check(dashboard, client, time.time())]
        assert not failures, "\n".join(map(str, failures))
        return True

    with drill("dashboards.contract", "19", "Every query of every panel returns data from the live Prometheus") as told:
        wait_until(answered, 90, "every query has data", pause=5)
        told.evidence = f"{asked} of {asked} queries of {len(dashboards)} dashboards have data"


def test_every_panel_draws_data_in_a_browser() -> None:
    """The page's own browser tests, before the live address. ``SCREENSHOTS`` keeps a picture of each dashboard."""
    environment = {
        **os.environ,
        "DASHBOARDS_URL": f"{address()}/dashboards",
        "NODE_EXTRA_CA_CERTS": str(PLATFORM / "ca.crt"),
    }
    command = ["make", "--directory", str(ROOT / "services/dashboards"), "browser"]
    with drill("dashboards.browser", "19", "Every panel of every dashboard draws data in Chromium, silently") as told:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1200)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        told.evidence = " ".join(line.strip() for line in done.stdout.splitlines() if line.strip().startswith("Tests "))
