"""Runs a service: HTTP and background tasks in one event loop, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Protocol, TypeVar

import structlog
import uvicorn
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider

from shopkit import logs, tracing
from shopkit.cancelling import end, heed
from shopkit.settings import Common, SettingError

Background = Callable[[], Coroutine[Any, Any, None]]
_log = structlog.stdlib.get_logger("shopkit.process")


class Configured(Protocol):
    """A service's settings, which hold what all have."""

    @property
    def common(self) -> Common:
        """Where it listens, how it logs, where spans go."""


Settings = TypeVar("Settings", bound=Configured)


@dataclass(frozen=True)
class Parts:
    """What a service is made of: its HTTP application, what runs beside it, and what is open while it runs."""

    app: FastAPI
    background: Sequence[Background] = ()
    around: Sequence[AbstractAsyncContextManager[object]] = ()


def run(
    service: str,
    version: str,
    read: Callable[[Mapping[str, str]], Settings],
    assemble: Callable[[Settings, TracerProvider], Parts],
) -> int:
    """Read the settings from the environment, serve what is assembled by them, send the last spans.

    Returns the exit status: 2 where a setting cannot be used, which is said on stderr.
    """
    try:
        settings = read(os.environ)
        common = settings.common
        logs.configure(service, version, common.environment, common.log_level)
        spans = tracing.provider(service, version, common.environment, common.traces_endpoint)
        parts = assemble(settings, spans)
    except SettingError as error:
        print(f"{service}: {error}", file=sys.stderr)
        return 2
    status = serve(parts.app, common, background=parts.background, around=parts.around)
    spans.shutdown()
    return status


class Supervisor:
    """Keeps background tasks running within its block: one that ends or fails starts again, after 0.5 s, 1 s, … 30 s.

    A task must not end by itself. It is sound again once it has run for as long as it last waited.
    """

    def __init__(self, tasks: Sequence[Background], first: float = 0.5, longest: float = 30.0) -> None:
        self._tasks = tasks
        self._first = first
        self._longest = longest
        self._failing: set[int] = set()
        self._running: list[asyncio.Task[None]] = []

    def sound(self) -> bool:
        """Whether every task runs."""
        return not self._failing

    async def __aenter__(self) -> Supervisor:
        self._running = [asyncio.create_task(self._keep(number, task)) for number, task in enumerate(self._tasks)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await end(self._running)

    async def _keep(self, number: int, task: Background) -> None:
        wait = self._first
        name = getattr(task, "__qualname__", repr(task))
        while True:
            sound = asyncio.get_running_loop().call_later(wait, self._failing.discard, number)
            started = asyncio.get_running_loop().time()
            try:
                # A task of its own: a TaskGroup in it that fails leaves a cancellation behind (until Python 3.13).
                await asyncio.create_task(task())
                _log.error("background task ended", task=name)
            except Exception:
                _log.exception("background task failed", task=name)
            finally:
                sound.cancel()
            self._failing.add(number)
            heed()
            if asyncio.get_running_loop().time() - started > self._longest:
                wait = self._first
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._longest)


def serve(
    app: FastAPI,
    common: Common,
    *,
    background: Sequence[Background] = (),
    around: Sequence[AbstractAsyncContextManager[object]] = (),
) -> int:
    """Serve until SIGTERM or SIGINT, finish what is in flight, stop the background tasks. Returns the exit status.

    `around` (a Database, a Broker) is entered before anything runs and left after everything has stopped.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=common.host,
            port=common.port,
            root_path=getattr(app.state, "root_path", ""),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=common.shutdown_seconds,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopped)
    asyncio.run(_run(server, app, background, around))
    return 0 if server.started else 1


async def _run(
    server: uvicorn.Server,
    app: FastAPI,
    background: Sequence[Background],
    around: Sequence[AbstractAsyncContextManager[object]],
) -> None:
    supervisor = Supervisor(background)
    app.state.background_ok = supervisor.sound
    async with AsyncExitStack() as stack:
        for resource in around:
            await stack.enter_async_context(resource)
        async with supervisor:
            await server.serve()


def _stopped(number: int, _frame: FrameType | None) -> None:
    """uvicorn raises the signal again once it has shut down; by then there is nothing left to do."""
    logging.getLogger("shopkit.process").info("stopped by %s", signal.Signals(number).name)
