"""The use cases, and the port to the store."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from basket.domain.basket import Basket

Change = Callable[[Basket], Basket]


class BasketStore(Protocol):
    """Where baskets rest; one that nobody touches for a while is gone."""

    async def get(self, id_: str) -> Basket:
        """The basket, empty if there is none. Raises StoreError."""

    async def change(self, id_: str, change: Change) -> Basket:
        """Change the basket atomically; return it as it is then. Raises what `change` raises, or StoreError."""


class StoreError(ConnectionError):
    """The store did not answer, or too many changed the same basket at once; nothing is known to have changed."""


class ChangedError(Exception):
    """The basket is no longer the one that the caller knows."""

    def __init__(self, basket: Basket) -> None:
        super().__init__(f"basket {basket.id} has changed; read it again")
        self.basket = basket


@dataclass(frozen=True, slots=True)
class Baskets:
    """The use cases. `known` holds the tags of the content that the caller goes by; None: any."""

    store: BasketStore

    async def get(self, id_: str) -> Basket:
        """The basket as it is. Raises StoreError."""
        return await self.store.get(id_)

    async def put(self, id_: str, sku: str, quantity: int, known: Collection[str] | None = None) -> Basket:
        """Have this many of a SKU. Raises FullError, ValueError, ChangedError, StoreError."""
        return await self._change(id_, lambda basket: basket.with_item(sku, quantity), known)

    async def remove(self, id_: str, sku: str, known: Collection[str] | None = None) -> Basket:
        """Have none of a SKU. Raises ChangedError, StoreError."""
        return await self._change(id_, lambda basket: basket.without(sku), known)

    async def empty(self, id_: str, known: Collection[str] | None = None) -> Basket:
        """Have nothing. Raises ChangedError, StoreError."""
        return await self._change(id_, Basket.emptied, known)

    async def _change(self, id_: str, change: Change, known: Collection[str] | None) -> Basket:
        def checked(basket: Basket) -> Basket:
            if known is not None and basket.tag not in known:
                raise ChangedError(basket)
            return change(basket)

        return await self.store.change(id_, checked)
