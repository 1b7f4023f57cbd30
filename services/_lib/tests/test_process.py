"""The real process: it serves, keeps its background tasks running, sends its spans, and stops in order."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from shopkit import cancelling
from shopkit.process import Supervisor
from shopkit.testing import programs
from shopkit.testing.collector import Collector
from shopkit.testing.programs import MissingProgramError, Program, free_port
from shopkit.testing.service import asked

SERVICE = """
import asyncio, os, sys
from contextlib import asynccontextmanager
from shopkit import logs, settings, tracing
from shopkit.metrics import Metrics
from shopkit.process import serve
from shopkit.web import create_app
import structlog

log = structlog.stdlib.get_logger("thing")
common = settings.common(os.environ, "thing")
logs.configure("thing", "1.0.0", common.environment, common.log_level)
provider = tracing.provider("thing", "1.0.0", common.environment, common.traces_endpoint)
times = 0

async def ready():
    return True

async def shaky():
    global times
    times += 1
    if times == 2:
        return
    if times == 1:
        raise RuntimeError("a fault")
    log.info("working")
    try:
        await asyncio.sleep(3600)
    finally:
        log.info("task stopped")

@asynccontextmanager
async def store():
    log.info("store opened")
    yield
    log.info("store closed")

app = create_app("thing", "1.0.0", Metrics("thing"), provider, ready, "/shop/things")

@app.get("/slow")
async def slow() -> str:
    open(os.environ["STARTED"], "w").close()
    await asyncio.sleep(0.5)
    return "done"

status = serve(app, common, background=[shaky], around=[store()])
provider.shutdown()
sys.exit(status)
"""


@contextmanager
def service(**environ: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its base URL."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE],
        env={**os.environ, "PYTHONPATH": ".", "THING_HOST": "127.0.0.1", "THING_PORT": str(port), **environ},
        cwd=Path(__file__).parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process, f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def test_serves_supervises_and_stops(collector: Collector, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with service(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, THING_ENVIRONMENT="test", STARTED=str(started)) as (
        process,
        url,
    ):
        asked(f"{url}/healthz")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"{url}/readyz")
        asked(f"{url}/readyz")
        answers: list[str] = []
        request = Thread(target=lambda: answers.append(asked(f"{url}/slow")))
        request.start()
        while not started.exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        request.join()
    assert (process.returncode, err, answers) == (0, "", ['"done"'])
    lines: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    said = [line["message"] for line in lines]
    for before, after in [
        ("store opened", "background task failed"),
        ("background task failed", "background task ended"),
        ("background task ended", "working"),
        ("working", "request"),
        ("request", "task stopped"),
        ("task stopped", "store closed"),
    ]:
        assert said.index(before) < said.index(after), said
    assert [span.name for span in collector.spans] == ["GET /shop/things/slow"]


def test_a_port_in_use_ends_the_process() -> None:
    with service() as (_, url):
        asked(f"{url}/healthz")
        with service(THING_PORT=url.rsplit(":", 1)[1]) as (second, _):
            second.communicate(timeout=60)
        assert second.returncode == 3  # uvicorn's for a start that failed


async def test_a_task_that_fails_is_sound_again_once_it_has_run() -> None:
    runs = 0

    async def task() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise RuntimeError
        await asyncio.sleep(60)

    async with Supervisor([task], first=0.1) as supervisor:
        assert supervisor.sound()
        await asyncio.sleep(0.01)
        assert not supervisor.sound()
        async with asyncio.timeout(30):
            while not supervisor.sound():
                await asyncio.sleep(0.01)
        assert runs == 3


async def test_a_task_whose_group_fails_is_run_again() -> None:
    runs = 0

    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise ConnectionError("down")

    async def work() -> None:
        nonlocal runs
        runs += 1
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(60))
            if runs < 3:
                tasks.create_task(fails())

    async with Supervisor([work], first=0.05) as supervisor, asyncio.timeout(30):
        while runs < 3:
            await asyncio.sleep(0.01)
        while not supervisor.sound():
            await asyncio.sleep(0.01)


async def test_a_task_that_loses_a_cancellation_ends() -> None:
    async def deaf() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:  # as a client may do
                await asyncio.sleep(0.01)
            cancelling.heed()

    async with asyncio.timeout(30):
        tasks = [asyncio.create_task(deaf())]
        await asyncio.sleep(0)
        await cancelling.end(tasks)
    assert tasks[0].cancelled()


def test_a_missing_program_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(MissingProgramError, match="nats-server is not installed: apt-get install nats-server, or make"):
        programs.program("nats-server")


def test_a_program_that_does_not_start_shows_its_log(tmp_path: Path) -> None:
    broken = Program("broken", [sys.executable, "-c", "raise SystemExit('no room')"], free_port(), tmp_path)
    with pytest.raises(RuntimeError, match="broken did not start:\nno room"):
        broken.start(30)
