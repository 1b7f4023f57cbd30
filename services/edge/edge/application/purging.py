"""Forgets what changed: at once, and a moment later again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from edge.domain import CATALOG, keys_of

Record = Callable[[str, int], None]
"""Told of every purge: (outcome, answers that were dropped), outcome one of done, failed."""


DEAF_SECONDS = 15.0


class CacheDownError(Exception):
    """The cache did not take the purge."""


class Cache(Protocol):
    """What keeps answers."""

    async def purge(self, keys: Sequence[str]) -> int:
        """Drop every answer that carries one of the keys; how many. Raises CacheDownError."""


class Purger:
    """Purges by surrogate key.

    An answer made just after the purge may still show what an instance behind the edge kept, for it hears of the change
    at the same time: so each purge is done again after `again` seconds. What could not be purged stays wanted.
    Once a connection is back, events may go missing for another `deaf` seconds.
    """

    def __init__(
        self, cache: Cache, again: float = 1.0, record: Record = lambda *_: None, deaf: float = DEAF_SECONDS
    ) -> None:
        self._cache = cache
        self._again = again
        self._deaf = deaf
        self._record = record
        self._wanted: dict[str, None] = {}
        self._later: set[asyncio.Task[None]] = set()

    async def changed(self, sku: str) -> None:
        """Drop what shows the product."""
        await self._twice(keys_of(sku))

    async def missed(self) -> None:
        """Changes may have been missed: drop all that shows the catalog, three times until events surely arrive."""
        for seconds in (0, self._deaf / 3, self._deaf * 2 / 3):
            await asyncio.sleep(seconds)
            await self._purge((CATALOG,))

    async def _twice(self, keys: Sequence[str]) -> None:
        await self._purge(keys)
        task = asyncio.create_task(self._once_more(keys))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _once_more(self, keys: Sequence[str]) -> None:
        await asyncio.sleep(self._again)
        await self._purge(keys)

    async def _purge(self, keys: Sequence[str]) -> None:
        self._wanted.update(dict.fromkeys(keys))
        wanted = tuple(self._wanted)
        try:
            dropped = await self._cache.purge(wanted)
        except CacheDownError:
            self._record("failed", 0)
            return
        for key in wanted:
            self._wanted.pop(key, None)
        self._record("done", dropped)

    async def settle(self, every: float = 0.5) -> None:
        """Purge what is still wanted, for ever."""
        while True:
            await asyncio.sleep(every)
            if self._wanted:
                await self._purge(())
