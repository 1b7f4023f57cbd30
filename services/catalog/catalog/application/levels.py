"""Two levels that keep copies of what a store said: one in this process, one that all instances share."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from catalog.domain import Product

Products = tuple[Product, ...]


class LevelDownError(Exception):
    """The shared level cannot answer now."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a level keeps under a key. `products` is None when it keeps nothing.

    `version` counts how often the key was dropped: what was read from the store before a drop is not kept after it.
    """

    products: Products | None
    fresh: bool
    version: int


class SharedLevel(Protocol):
    """Copies that all instances see. Every method raises LevelDownError."""

    async def read(self, key: str) -> Copy:
        """What is kept; past its freshness it is still given for a while, to be served while it is renewed."""

    def lock(self, key: str) -> AbstractAsyncContextManager[bool]:
        """Yields whether this instance is the one that loads the key now. Held for a short time at most."""

    async def write(self, key: str, products: Products, version: int) -> None:
        """Keep it, unless the key was dropped since `version` was read."""

    async def drop(self, *keys: str) -> None:
        """Forget what is kept, and what is being loaded."""


@dataclass(slots=True)
class LocalLevel:
    """Copies in this process, the least used leaving first.

    `seconds` a copy is fresh; for `spare` seconds more it is at hand should the store fail. `clock` counts seconds.
    """

    seconds: float = 5.0
    spare: float = 300.0
    most: int = 1000
    clock: Callable[[], float] = time.monotonic
    _kept: OrderedDict[str, tuple[float, Products]] = field(default_factory=OrderedDict)
    _drops: Counter[str] = field(default_factory=Counter)

    def read(self, key: str) -> Copy:
        """What is kept under the key."""
        version = self._drops[key]
        if key not in self._kept:
            return Copy(None, False, version)
        since, products = self._kept[key]
        age = self.clock() - since
        if age > self.seconds + self.spare:
            del self._kept[key]
            return Copy(None, False, version)
        self._kept.move_to_end(key)
        return Copy(products, age <= self.seconds, version)

    def write(self, key: str, products: Products, version: int) -> None:
        """Keep it, unless the key was dropped since `version` was read."""
        if version != self._drops[key]:
            return
        self._kept[key] = (self.clock(), products)
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)

    def drop(self, keys: Iterable[str]) -> None:
        """Forget what is kept, and what is being loaded."""
        for key in keys:
            self._kept.pop(key, None)
            self._drops[key] += 1
