"""Runs the benchmarks one after another and prints one table: ``python -m tests.benchmarks [NAME…]``.

Each writes its ratios (other side / ours, higher is better) into ``.platform/bench.json``; a run of all begins it anew.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from tests.benchmarks.k8s_release import RESULT, ROOT

ALL = ("k8s_release", "by_hand")
NAMED = ("shop",)
"""What needs a platform that is up, and so is run only where it is named."""


def run(name: str) -> int:
    """Run one benchmark; return its exit status. Interrupted, it is told to end, and has the time to clean up."""
    with subprocess.Popen([sys.executable, "-m", f"tests.benchmarks.{name}"], cwd=ROOT) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            raise


def main(wanted: list[str]) -> int:
    """Run the wanted benchmarks, all where none is named; return the exit status."""
    if unknown := set(wanted) - {*ALL, *NAMED}:
        print(f"unknown benchmark {', '.join(sorted(unknown))}: use {' or '.join((*ALL, *NAMED))}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not wanted:
        RESULT.unlink(missing_ok=True)
    failed = []
    for name in wanted or ALL:
        print(f"=== {name}", flush=True)
        if run(name):
            failed.append(name)
    print(f"\n{'ratio (higher is better)':44}{'times':>8}")
    for name, ratio in json.loads(RESULT.read_text() if RESULT.exists() else "{}").items():
        print(f"{name:44}{ratio:>8.2f}")
    for name in failed:
        print(f"{name} failed: see above")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
