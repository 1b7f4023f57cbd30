"""One run of a scenario by Locust, within this process."""

from __future__ import annotations

import time
from typing import Any

import gevent
from locust.env import Environment

from traffic.customers import SCENARIOS, Customer
from traffic.options import Options
from traffic.report import Report

SPAWN_SECONDS = 5
"""All users are there after so many seconds."""
STOP_SECONDS = 10
"""What users do at the end they may finish within so many seconds."""


def run(options: Options) -> dict[str, Any]:
    """Run it to its end, or to SIGTERM or SIGINT; returns the report as plain data."""
    report = Report()
    Customer.report = report
    Customer.ca = str(options.ca) if options.ca else None
    classes = SCENARIOS[options.scenario]
    environment = Environment(user_classes=list(classes), host=options.address, stop_timeout=STOP_SECONDS)

    def count(name: str, response_time: float, exception: BaseException | None, **_: Any) -> None:
        report.add(time.time(), name, response_time, _cause(exception))

    environment.events.request.add_listener(count)  # type: ignore[no-untyped-call]
    runner = environment.create_local_runner()
    began = time.time()
    for number in (15, 2):
        gevent.signal_handler(number, runner.quit)
    runner.start(options.users, spawn_rate=max(1.0, options.users / SPAWN_SECONDS))
    gevent.spawn_later(options.seconds, runner.quit)
    runner.greenlet.join()
    about = {
        "scenario": options.scenario,
        "users": options.users,
        "seconds": options.seconds,
        "address": options.address,
        "began": round(began, 3),
    }
    return report.told(about, time.time() - began)


def _cause(error: BaseException | None) -> str:
    """Few words for one kind of failure, whatever numbers it has in it."""
    return "" if error is None else (str(error) or type(error).__name__).splitlines()[0][:120]
