"""A service as a process: started, asked, ended, killed."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from shopkit.testing.service import ServiceProcess, eventually, listening, run

TINY = """
import os, sys
from shopkit.metrics import Metrics
from shopkit.process import serve
from shopkit.settings import SettingError, common
from shopkit.web import create_app

async def ready():
    return True

try:
    settings = common(os.environ, "tiny")
except SettingError as error:
    sys.exit(str(error))
sys.exit(serve(create_app("tiny", "1", Metrics("tiny"), None, ready), settings))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tiny.py").write_text(TINY)
    return tmp_path


async def test_started_asked_killed_and_ended(root: Path) -> None:
    process = ServiceProcess(root, "tiny", "TINY", {})
    with pytest.raises(RuntimeError, match="tiny was not started"):
        process.end()
    async with process:
        assert await process.shows('http_requests_total{method="GET",route="/readyz",status="200"} 1.0')
        assert process.end(signal.SIGKILL)[0] == -signal.SIGKILL
        await process.start()
        assert process.end()[0] == 0
        await process.start()


async def test_one_that_does_not_start_says_why(root: Path) -> None:
    process = ServiceProcess(root, "tiny", "TINY", {"TINY_LOG_LEVEL": "loud"})
    with pytest.raises(RuntimeError, match=r"tiny ended with 1: .*TINY_LOG_LEVEL is 'loud'"):
        await process.start()
    assert run(root, "tiny", {"TINY_PORT": "0"}).returncode == 1


async def test_tasks_run_during_the_block() -> None:
    ended = asyncio.Event()

    async def task() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with listening(task()):
        await asyncio.sleep(0)
    assert ended.is_set()
    with pytest.raises(TimeoutError):
        await eventually(lambda: asyncio.sleep(0, False), 0.1)
