"""Asks many probes at once, each again until it holds or its time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError
from ansible_collections.gantry.platform.plugins.module_utils.verify.model import Check, Result
from ansible_collections.gantry.platform.plugins.module_utils.verify.probes import Answer, Probe

PAUSE = 0.5
"""Seconds between two tries of a probe."""
ASKERS = 12
"""Probes at the same time: more of them, each a program in a pod, keep each other waiting on a small machine."""


def run(checks: Sequence[Check], cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> list[Result]:
    """Results in the order of the checks."""

    def settle(check: Check) -> Result:
        started = clock()
        if check.probe is None:
            return _result(check, Answer(bool(check.ok), check.evidence), check.seconds)
        give_up = started + check.within
        while True:
            answer = _ask(check.probe, cluster)
            if answer.ok or clock() + PAUSE >= give_up:
                return _result(check, answer, clock() - started)
            time.sleep(PAUSE)

    with ThreadPoolExecutor(max_workers=max(1, min(ASKERS, len(checks)))) as pool:
        return list(pool.map(settle, checks))


def _ask(probe: Probe, cluster: Cluster) -> Answer:
    """A probe's answer; what goes wrong in asking is an answer too: it does not hold."""
    try:
        return probe.ask(cluster)
    except ClusterError as error:
        return Answer(False, str(error))
    except Exception as error:  # one broken probe must not hide the answers of all others
        return Answer(False, f"{type(error).__name__}: {error}")


def _result(check: Check, answer: Answer, seconds: float) -> Result:
    return Result(
        id=check.id,
        row=check.row,
        title=check.title,
        ok=answer.ok,
        seconds=round(seconds, 3),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        evidence=answer.evidence,
    )
