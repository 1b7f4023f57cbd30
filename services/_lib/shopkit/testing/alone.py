"""Runs a service alone, with the stores that it needs, from Debian's packages: gone when it ends.

``python -m shopkit.testing.alone MODULE STORE… [--beside MODULE]…``; a STORE is postgres, nats or redis. One whose
address is set already (``DATABASE_URL``, ``NATS_URL``, ``REDIS_URL``) is not started.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from shopkit.testing import programs
from shopkit.testing.programs import MissingProgramError, Program

STORES: dict[str, tuple[str, Callable[[Path], Program], str]] = {
    "postgres": ("DATABASE_URL", programs.postgres, "postgresql://postgres@127.0.0.1:{}/postgres"),
    "nats": ("NATS_URL", programs.nats, "nats://127.0.0.1:{}"),
    "redis": ("REDIS_URL", programs.redis, "redis://127.0.0.1:{}/0"),
}
"""Of each store the variable with its address, how it is started, and its address by its port."""


@contextmanager
def store(name: str) -> Iterator[tuple[str, str]]:
    """A store that runs within the block; the variable that names it, and its address."""
    variable, make, address = STORES[name]
    with tempfile.TemporaryDirectory(prefix=f"shop-{name}-") as directory:
        started = make(Path(directory))
        started.start()
        try:
            yield variable, address.format(started.port)
        finally:
            started.stop()


def main(arguments: list[str]) -> int:
    """Run it until it ends, or until SIGINT or SIGTERM ends it; return its exit status."""
    parser = argparse.ArgumentParser(prog="shopkit.testing.alone")
    parser.add_argument("module")
    parser.add_argument("stores", nargs="+", choices=STORES, metavar="store")
    parser.add_argument("--beside", action="append", default=[], metavar="module")
    given = parser.parse_args(arguments)
    running: list[subprocess.Popen[bytes]] = []

    def end(number: int, _frame: object) -> None:
        for process in running:
            process.send_signal(number)

    with ExitStack() as stack:
        environ = dict(os.environ)
        try:
            for name in given.stores:
                if not environ.get(STORES[name][0]):
                    variable, address = stack.enter_context(store(name))
                    print(f"{name}: {address}", file=sys.stderr, flush=True)
                    environ[variable] = address
        except MissingProgramError as error:
            print(error, file=sys.stderr)
            return 1
        signal.signal(signal.SIGTERM, end)
        for module in (*given.beside, given.module):
            running.append(subprocess.Popen([sys.executable, "-m", module], env=environ))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to them, too
        status = running[-1].wait()
        for process in running[:-1]:
            process.terminate()
            process.wait()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
