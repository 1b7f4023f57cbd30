"""A service as a process of its own on a free port, with a client of its HTTP interface."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shopkit.broker import STREAM
from shopkit.testing.programs import free_port

LIBRARY = Path(__file__).resolve().parent.parent.parent
MIDWAY = b"midway\n"


async def eventually(condition: Callable[[], Awaitable[object]], seconds: float = 60) -> None:
    """Wait until the condition holds. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def asked(url: str, seconds: float = 60, **headers: str) -> str:
    """The body at the URL, asked again until it is a success. Raises HTTPError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return str(httpx2.get(url, headers=headers, timeout=seconds, trust_env=False).raise_for_status().text)
        except httpx2.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


async def listeners(nats_url: str) -> int:
    """How many consumers the stream of events has."""
    client = Client()
    await client.connect(nats_url)
    try:
        return int((await client.jetstream().stream_info(STREAM)).state.consumer_count)
    except NotFoundError:
        return 0
    finally:
        await client.close()


def run(root: Path, module: str, settings: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python3 -m <module> <arguments>` in a service's directory, to its end, within a minute."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=root,
        env=_environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class ServiceProcess:
    """`python3 -m <module>` in a service's directory; `prefix` is that of its variables, as ORDERS.

    An async context manager starts it, and kills what still runs.
    """

    def __init__(self, root: Path, module: str, prefix: str, settings: Mapping[str, str]) -> None:
        self.root = root
        self.module = module
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"HOST": "127.0.0.1", "PORT": str(self.port), "ENVIRONMENT": "test"}
        self.settings = {**{f"{prefix}_{name}": value for name, value in own.items()}, **settings}
        self.http = httpx2.AsyncClient(base_url=self.url, timeout=10)
        self._running: subprocess.Popen[str] | None = None

    async def __aenter__(self) -> ServiceProcess:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._running and self._running.poll() is None:
            self.end(signal.SIGKILL)
        await self.http.aclose()

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises RuntimeError with what it said, TimeoutError."""
        self._running = process = subprocess.Popen(
            [sys.executable, "-m", self.module],
            cwd=self.root,
            env=_environment(self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

        async def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"{self.module} ended with {process.returncode}: {process.communicate()}")
            try:
                return (await self.http.get("/readyz")).status_code == 200
            except httpx2.TransportError:
                return False

        await eventually(ready)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """End it by a signal; its exit status, standard output and standard error."""
        if self._running is None:
            raise RuntimeError(f"{self.module} was not started")
        self._running.send_signal(number)
        out, err = self._running.communicate(timeout=30)
        return self._running.returncode, out, err

    async def json(self, path: str, **query: str | int) -> Any:
        """What it answers there."""
        return (await self.http.get(path, params=query)).raise_for_status().json()

    async def shows(self, line: str) -> bool:
        """Whether the metrics have this line."""
        return line in (await self.http.get("/metrics")).text.splitlines()


async def killed_midway(script: Path, *arguments: str, **environ: str) -> None:
    """Run the script until it says so by `midway`, then kill it. It sees what this process can import."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        script,
        *arguments,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environ},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said = await asyncio.wait_for(process.stdout.readline(), 90) if process.stdout else b""
        if said != MIDWAY:
            raise RuntimeError(f"{script.name} ended, or said {said!r}")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def midway() -> None:
    """Say that this is the moment, and wait to be killed."""
    sys.stdout.buffer.write(MIDWAY)
    sys.stdout.flush()
    await asyncio.Event().wait()


@asynccontextmanager
async def listening(*tasks: Awaitable[None]) -> AsyncIterator[None]:
    """The tasks (as `Broker.consume`) run during the block."""
    running = [asyncio.ensure_future(task) for task in tasks]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """What a process of a test gets; one that is killed is missed by the broker soon."""
    return {**os.environ, "PYTHONPATH": str(LIBRARY), "NATS_ACK_WAIT_SECONDS": "3", **settings}
