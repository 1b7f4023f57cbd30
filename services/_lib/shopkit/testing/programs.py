"""Postgres, NATS and Redis as processes of a test: on free ports, in a directory of their own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

PACKAGES = {
    "postgres": "postgresql",
    "initdb": "postgresql",
    "nats-server": "nats-server",
    "redis-server": "redis-server",
}
"""The Debian package of each program."""


class MissingProgramError(RuntimeError):
    """A program that a test needs is not installed; names the Debian package."""


def program(name: str) -> str:
    """The path of a program. Raises MissingProgramError."""
    # Debian keeps Postgres' own out of PATH; the newest one is wanted.
    places = [*sorted((str(place) for place in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True), "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join([*places, os.environ.get("PATH", "")]))
    if found is None:
        raise MissingProgramError(
            f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}, or make -C services/_lib programs"
        )
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lets_in(port: int) -> bool:
    """Postgres listens a moment before it lets anybody in."""
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@dataclass
class Program:
    """One server that can be stopped and started again at the same port, with its data, with the rights of `user`."""

    name: str
    command: Sequence[str]
    port: int
    directory: Path
    user: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = signal.SIGTERM
    ready: Callable[[int], bool] = _listens
    process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 90.0) -> None:
        """Start it and wait until it is ready. Raises RuntimeError with the end of its log."""
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env={**os.environ, **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                user=self.user,
                start_new_session=True,
            )
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.ready(self.port):
                return
            time.sleep(0.02)
        self.kill()
        raise RuntimeError(
            f"{self.name} did not start:\n{(self.directory / 'log').read_text(errors='replace')[-2000:]}"
        )

    def stop(self) -> None:
        """End it in order."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it at once, as a machine that fails."""
        self._end(signal.SIGKILL)

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None or process.poll() is not None:
            return
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=5)


def postgres(directory: Path) -> Program:
    """A fresh Postgres with the role `postgres`; it refuses to run as root, so root's becomes nobody's."""
    user = "nobody" if os.geteuid() == 0 else None
    data = directory / "data"
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(directory, user)
        shutil.chown(data, user)
    made = subprocess.run(
        [program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        cwd=directory,
        user=user,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed:\n{made.stderr}")
    port = free_port()
    options = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "max_connections": 100,
        "shared_buffers": "32MB",
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is Postgres' fast shutdown: it does not wait for clients.
    return Program(
        "postgres",
        [program("postgres"), "-D", str(data), *flags],
        port,
        directory,
        user,
        stop_signal=signal.SIGINT,
        ready=_lets_in,
    )


def nats(directory: Path) -> Program:
    """A NATS server with JetStream."""
    port = free_port()
    command = [program("nats-server"), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(directory)]
    return Program("nats-server", command, port, directory)


def redis(directory: Path) -> Program:
    """A Redis that keeps every write, as the platform's."""
    port = free_port()
    options = {"bind": "127.0.0.1", "port": port, "dir": directory, "appendonly": "yes", "save": "''", "databases": 16}
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return Program("redis-server", [program("redis-server"), *flags], port, directory)
