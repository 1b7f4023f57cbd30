"""Use cases: events are projected as they come, and the view is built anew from the first one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from orderview.application.ports import Generations, Log, Writers
from orderview.domain.projection import Heard, entry, fold


@dataclass(frozen=True, slots=True)
class Projector:
    """Projects events as they come."""

    writers: Writers

    async def project(self, event: Heard) -> None:
        """Add an event to what is known; again and in any order, with the same result."""
        async with self.writers.followed() as followed:
            for tables in followed:
                await tables.merge(fold([event]).values(), [entry(event)])


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild has done."""

    generation: int
    events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """Builds the view from zero while the old one answers.

    A generation follows new events from the moment it is made, and what happened before that moment is replayed. What
    reaches it both ways or out of order does no harm, for views join.
    """

    generations: Generations
    writers: Writers
    log: Log

    async def begin(self) -> int:
        """Make the new generation. Raises RebuildRunningError."""
        return await self.generations.begin()

    async def fill(self, generation: int) -> Rebuilt:
        """Replay everything into it, then let it answer. A failure drops it; the old one goes on answering."""
        started, count = time.monotonic(), 0
        try:
            async for events in self.log.replay():
                await self._add(generation, events)
                count += len(events)
            await self.generations.swap(generation)
        except BaseException:
            await self.generations.abandon(generation)
            raise
        return Rebuilt(generation, count, time.monotonic() - started)

    async def run(self) -> Rebuilt:
        """All of it. Raises RebuildRunningError."""
        return await self.fill(await self.begin())

    async def _add(self, generation: int, events: Sequence[Heard]) -> None:
        views = fold(events)
        async with self.writers.one(generation) as tables:
            # In order of id, so that two that write at once wait for each other instead of in a circle.
            await tables.merge([views[order] for order in sorted(views)], [entry(event) for event in events])
