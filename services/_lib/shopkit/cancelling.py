"""Ends tasks that were asked to end.

Before Python 3.12 `asyncio.wait_for`, and with it every client that uses it, loses a cancellation that comes together
with its result: a loop would go on for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any


def heed() -> None:
    """Raises CancelledError if the current task was cancelled and something took no notice."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel the tasks, again every second, until all have ended."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1)
